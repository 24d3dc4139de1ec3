using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

/// <summary>Damaged envelopes: they fail in the one way there is, or give the plaintext where the damage changes nothing.</summary>
public sealed class RecipientMutationTests
{
    private const int EncryptedKeyStart = 131;
    private const int EncryptedKeyEnd = EncryptedKeyStart + 256;

    private static readonly byte[] Plaintext = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];

    private static readonly byte[][] Envelopes =
    [
        RecipientEnvelope.Seal(Plaintext, TestRecipient.KeyPair.PublicKey.Span),
        RecipientEnvelope.Seal(Plaintext, TestRecipient.KeyPair.PublicKey.Span, RecipientEnvelopeShape.Primitive),
        RecipientEnvelope.Seal(Plaintext, TestRecipient.KeyPair.PublicKey.Span, RecipientEnvelopeShape.Constructed(3)),
        new TestEnvelope().Encode(),
    ];

    [Fact]
    public void Open_truncated_at_any_length_fails_uniformly()
    {
        foreach (byte[] envelope in Envelopes)
        {
            Assert.All(Enumerable.Range(0, envelope.Length), length => RecipientKeyPairTests.AssertFailsUniformly(envelope.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Open_with_any_bit_flipped_fails_uniformly_but_where_CBC_lets_it_through()
    {
        byte[] envelope = Envelopes[0];
        // CBC is not authenticated: a bit flipped in the vector or a block flips it in the plaintext. KMS relies on TLS there.
        int unauthenticated = envelope.AsSpan().LastIndexOf(Convert.FromHexString("301D060960864801650304012A0410")) + 15;
        // Of the encrypted key one bit a byte is enough: each costs an RSA operation and meets the same check.
        IEnumerable<byte[]> flipped = Mutations.EveryBit(envelope).Where((_, i) => i / 8 is < EncryptedKeyStart or >= EncryptedKeyEnd || i % 8 == 0);
        foreach (byte[] mutated in flipped)
        {
            byte[]? opened = OpenOrNull(mutated);
            bool isContentChanged = !mutated.AsSpan(unauthenticated).SequenceEqual(envelope.AsSpan(unauthenticated));
            Assert.True(opened is null || isContentChanged || opened.AsSpan().SequenceEqual(Plaintext), Convert.ToHexString(mutated));
        }
    }

    [Fact]
    public void Open_randomly_rearranged_never_throws_anything_else()
    {
        var random = new Random(20260314);
        for (int i = 0; i < 5_000; i++)
        {
            byte[]? opened = OpenOrNull(Mutations.Random(random, Envelopes));
            Assert.True(opened is null || opened.Length <= RecipientKeyPair.MaxEnvelopeLength);
        }
    }

    private static byte[]? OpenOrNull(byte[] envelope)
    {
        try
        {
            using SensitiveBytes opened = TestRecipient.KeyPair.Open(envelope);
            return opened.Span.ToArray();
        }
        catch (RecipientEnvelopeException)
        {
            return null;
        }
    }
}
