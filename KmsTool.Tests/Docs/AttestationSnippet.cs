using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Docs;

/// <summary>The program in docs/attestation.md.</summary>
internal static class AttestationSnippet
{
    public static ReadOnlyMemory<byte> VerifyByAws(byte[] document, byte[] pcr0, byte[] nonce)
    {
        var verifier = new AttestationVerifier(AttestationRoot.Aws);
        return Verify(verifier, document, pcr0, nonce);
    }

    public static ReadOnlyMemory<byte> Verify(AttestationVerifier verifier, byte[] document, byte[] pcr0, byte[] nonce)
    {
        AttestationVerdict verdict = verifier.Verify(document, TimeProvider.System.GetUtcNow(), new AttestationExpectations
        {
            Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = pcr0 },
            Nonce = nonce,
            RequirePublicKey = true,
            RefuseDebug = true,
        });
        if (!verdict.IsValid)
        {
            throw new InvalidDataException($"{verdict.Failure}: {verdict.Reason}");
        }

        ReadOnlyMemory<byte> publicKey = verdict.Document!.PublicKey!.Value;
        return publicKey;
    }
}
