using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>Damaged documents: always a verdict, never a valid one.</summary>
public sealed class AttestationMutationTests
{
    /// <summary>As short as a valid document gets, so that every byte of it can be tried.</summary>
    private static readonly TestChain Chain = TestChain.Create([TestChain.Default[0], TestChain.Default[4]]);

    private static readonly AttestationDocument Document = Chain.Document() with
    {
        Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = TestChain.Pcr(0) },
    };

    [Fact]
    public void Verify_truncated_at_any_length_is_refused()
    {
        byte[] document = Chain.Sign(Document);

        Assert.Equal("valid", Chain.Verify(document).Reason);
        Assert.All(Enumerable.Range(0, document.Length), length => Assert.False(Chain.Verify(document[..length]).IsValid));
    }

    [Fact]
    public void Verify_with_a_bit_of_any_byte_flipped_is_refused()
    {
        byte[] document = Chain.Sign(Document, tagged: true);

        Assert.All(Mutations.OneBitOfEveryByte(document), mutated => Assert.False(Chain.Verify(mutated).IsValid));
    }

    [Fact]
    public void Verify_randomly_rearranged_is_refused_or_states_what_was_signed()
    {
        // Tag and signature can be exchanged between the two; both are good for the same payload.
        var random = new Random(20260314);
        byte[] payload = Document.EncodePayload();
        byte[][] documents = [Chain.Sign(payload), Chain.Sign(payload, tagged: true)];
        for (int i = 0; i < 10_000; i++)
        {
            byte[] mutated = Mutations.Random(random, documents);
            Assert.True(!Chain.Verify(mutated).IsValid || CoseSign1.Parse(mutated).Payload.Span.SequenceEqual(payload), Convert.ToHexString(mutated));
        }
    }

    [Fact]
    public void Verify_signed_payload_damaged_before_it_was_signed_gives_a_verdict()
    {
        var random = new Random(20260315);
        byte[][] payloads = [Document.EncodePayload(), new TestPayload(Document).EncodeIndefinite()];
        for (int i = 0; i < 1_000; i++)
        {
            AttestationVerdict verdict = Chain.Verify(Chain.Sign(Mutations.Random(random, payloads)));
            Assert.Equal(verdict.Failure == AttestationFailure.None, verdict.IsValid);
        }
    }

    [Fact]
    public void Parse_damaged_certificate_is_refused_or_does_not_verify()
    {
        var random = new Random(20260316);
        byte[][] certificates = [Chain.Authorities[0], Chain.Certificate];
        var root = AttestationCertificate.Parse(Chain.Authorities[0], "root");
        IEnumerable<byte[]> damaged = Mutations.OneBitOfEveryByte(Chain.Certificate)
            .Concat(Enumerable.Range(0, Chain.Certificate.Length).Select(length => Chain.Certificate[..length]))
            .Concat(Enumerable.Range(0, 1_000).Select(_ => Mutations.Random(random, certificates)));
        foreach (byte[] mutated in damaged)
        {
            try
            {
                var certificate = AttestationCertificate.Parse(mutated, "certificate");
                Assert.False(root.VerifyCertificate(certificate) && !certificates.Any(original => original.SequenceEqual(mutated)), Convert.ToHexString(mutated));
            }
            catch (AttestationRejectedException)
            {
                // Refused, as it should be.
            }
        }
    }
}
