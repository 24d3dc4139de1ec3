using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

public sealed class RecipientEnvelopeTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(3)]
    public void Seal_makes_what_EnvelopedCms_decrypts(int? chunks)
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(1000);
        RecipientEnvelopeShape shape = chunks is { } count ? RecipientEnvelopeShape.Constructed(count) : RecipientEnvelopeShape.Primitive;

        var cms = new EnvelopedCms();
        cms.Decode(RecipientEnvelope.Seal(plaintext, TestRecipient.KeyPair.PublicKey.Span, shape));
        RecipientInfo recipient = Assert.Single(cms.RecipientInfos.Cast<RecipientInfo>());
        cms.Decrypt(recipient, TestRecipient.Key);

        Assert.Equal(plaintext, cms.ContentInfo.Content);
        Assert.Equal((2, 2), (cms.Version, recipient.Version));
        Assert.Equal("2.16.840.1.101.3.4.1.42", cms.ContentEncryptionAlgorithm.Oid.Value);
    }

    [Fact]
    public void Seal_default_shape_is_byte_for_byte_that_of_KMS_but_for_keys_and_content()
    {
        byte[] spki = TestRecipient.KeyPair.PublicKey.ToArray();

        string envelope = Convert.ToHexString(RecipientEnvelope.Seal(new byte[32], spki));

        // ContentInfo and EnvelopedData of indefinite length, recipient infos of definite length, written out from RFC 5652
        // and RFC 4055; an answer that KMS gave has the same bytes in the same places.
        string beforeKey = "308006092A864886F70D010703A080" + "3080020102" + "3182016B30820167020102" + "8020" + Convert.ToHexString(SHA256.HashData(spki))
            + "303C06092A864886F70D010107302F" + "A00F300D06096086480165030402010500" + "A11C301A06092A864886F70D010108300D06096086480165030402010500" + "04820100";
        string beforeVector = "308006092A864886F70D010701" + "301D060960864801650304012A0410";
        string content = "A0800430";
        Assert.StartsWith(beforeKey, envelope, StringComparison.Ordinal);
        string afterKey = envelope[(beforeKey.Length + 512)..];
        Assert.StartsWith(beforeVector, afterKey, StringComparison.Ordinal);
        string afterVector = afterKey[(beforeVector.Length + 32)..];
        Assert.StartsWith(content, afterVector, StringComparison.Ordinal);
        Assert.Equal("00000000000000000000", afterVector[(content.Length + 96)..]);
        Assert.Equal(493 * 2, envelope.Length);
    }

    [Fact]
    public void Seal_never_makes_the_same_envelope_twice()
    {
        byte[] one = RecipientEnvelope.Seal([1], TestRecipient.KeyPair.PublicKey.Span);
        byte[] two = RecipientEnvelope.Seal([1], TestRecipient.KeyPair.PublicKey.Span);

        Assert.Equal(one.Length, two.Length);
        Assert.NotEqual(one, two);
    }

    [Fact]
    public void Seal_to_a_larger_key_is_what_that_key_opens()
    {
        using var large = RSA.Create(3072);
        var cms = new EnvelopedCms();

        cms.Decode(RecipientEnvelope.Seal([1, 2], large.ExportSubjectPublicKeyInfo()));
        cms.Decrypt(cms.RecipientInfos[0], large);

        Assert.Equal([1, 2], cms.ContentInfo.Content);
    }

    [Fact]
    public void Seal_to_what_is_no_RSA_key_of_2048_bits_is_refused()
    {
        using var small = RSA.Create(1024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        byte[][] keys =
        [
            [],
            [1, 2, 3],
            small.ExportSubjectPublicKeyInfo(),
            curve.ExportSubjectPublicKeyInfo(),
            TestRecipient.Key.ExportRSAPublicKey(),
            [.. TestRecipient.KeyPair.PublicKey.ToArray(), 0],
        ];

        Assert.All(keys, key => Assert.Throws<ArgumentException>("subjectPublicKeyInfo", () => RecipientEnvelope.Seal([1], key)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    public void Constructed_of_an_impossible_number_of_chunks_is_refused(int chunks) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RecipientEnvelopeShape.Constructed(chunks));
}
