using System.Security.Cryptography;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>Reads a request's Recipient and verifies its attestation document.</summary>
internal sealed class RecipientReader(AttestationVerifier verifier, TimeProvider timeProvider)
{
    /// <summary>KMS's limit for <c>AttestationDocument</c>, in bytes.</summary>
    private const int MaxDocumentLength = 262_144;

    /// <summary>KMS takes no document that is older (KMS developer guide, "Cryptographic attestation support").</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly VerifiedDocuments _verified = new();

    /// <summary>Null where the request has no Recipient.</summary>
    /// <exception cref="KmsException">ValidationException: the document proves nothing.</exception>
    public Recipient? Read(KmsParameters parameters)
    {
        if (parameters.Object("Recipient") is not { } recipient)
            return null;
        string? algorithm = recipient.String("KeyEncryptionAlgorithm", 1, 64);
        if (algorithm != "RSAES_OAEP_SHA_256")
            throw KmsException.Validation("Recipient.KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256.");

        byte[] encoded = recipient.RequiredBytes("AttestationDocument", 1, MaxDocumentLength);
        VerifiedDocument document = Verify(encoded);
        TimeSpan age = timeProvider.GetUtcNow() - document.Timestamp;
        if (age > MaxAge || age < -MaxAge)
            throw Refused($"it is {age.TotalSeconds:F0} seconds old, and at most {MaxAge.TotalSeconds:F0} are accepted");
        return document.Recipient;
    }

    private VerifiedDocument Verify(byte[] encoded)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        byte[] hash = SHA256.HashData(encoded);
        if (_verified.TryFind(hash, now, out VerifiedDocument? known))
            return known;

        AttestationVerdict verdict = verifier.Verify(encoded, now);
        if (!verdict.IsValid)
            throw Refused(verdict.Reason);
        AttestationDocument document = verdict.Document!;
        ReadOnlyMemory<byte> publicKey = document.PublicKey ?? throw Refused("it carries no public key");
        VerifiedDocument verified = VerifiedDocument.Of(document, new Recipient(Import(publicKey), document.Pcrs));
        _verified.Add(hash, verified, now);
        return verified;
    }

    private static RecipientPublicKey Import(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        try
        {
            return RecipientPublicKey.Import(subjectPublicKeyInfo);
        }
        catch (ArgumentException)
        {
            throw Refused("its public key is not the DER SubjectPublicKeyInfo of an RSA key of at least 2048 bits");
        }
    }

    private static KmsException Refused(string reason) => KmsException.Validation($"The attestation document is not valid: {reason}.");
}
