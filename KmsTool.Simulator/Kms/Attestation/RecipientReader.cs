using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;
using Microsoft.Extensions.Logging;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>Reads a request's Recipient and verifies its attestation document.</summary>
/// <param name="verifier">Judges the documents that are signed.</param>
/// <param name="acceptsUnsigned">Whether documents that nobody has signed are accepted too, with a warning.</param>
/// <param name="timeProvider">The clock of KMS.</param>
/// <param name="logger">Gets the warnings.</param>
internal sealed class RecipientReader(AttestationVerifier verifier, bool acceptsUnsigned, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>KMS's limit for <c>AttestationDocument</c>, in bytes.</summary>
    private const int MaxDocumentLength = 262_144;

    /// <summary>KMS takes no document that is older (KMS developer guide, "Cryptographic attestation support").</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly AcceptedDocuments _accepted = new();

    /// <summary>Null where the request has no Recipient.</summary>
    /// <exception cref="KmsException">ValidationException: the document proves nothing.</exception>
    public Recipient? Read(KmsParameters parameters)
    {
        if (parameters.Object("Recipient") is not { } recipient)
        {
            return null;
        }

        string? algorithm = recipient.String("KeyEncryptionAlgorithm", 1, 64);
        if (algorithm != "RSAES_OAEP_SHA_256")
        {
            throw KmsException.Validation("Recipient.KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256.");
        }

        byte[] encoded = recipient.RequiredBytes("AttestationDocument", 1, MaxDocumentLength);
        byte[] hash = SHA256.HashData(encoded);
        DateTimeOffset now = timeProvider.GetUtcNow();
        if (_accepted.TryFind(hash, now, out AcceptedDocument? known))
        {
            CheckAge(known.Timestamp, now);
            return known.Recipient;
        }

        AcceptedDocument document = Verify(encoded, now, out AttestationDocument statement);
        CheckAge(document.Timestamp, now);
        if (_accepted.Add(hash, document) && document.IsUnsigned)
        {
            Log.UnsignedDocumentAccepted(logger, TerminalText.Neutralize(statement.ModuleId), ImageOf(statement));
        }

        return document.Recipient;
    }

    private AcceptedDocument Verify(byte[] encoded, DateTimeOffset now, out AttestationDocument statement)
    {
        if (TryReadUnsigned(encoded, out AttestationDocument? unsigned))
        {
            statement = unsigned;
            return AcceptedDocument.Unsigned(unsigned, RecipientOf(unsigned));
        }

        AttestationVerdict verdict = verifier.Verify(encoded, now);
        statement = verdict.Document ?? throw Refused(verdict.Reason);
        return AcceptedDocument.Verified(statement, RecipientOf(statement));
    }

    private bool TryReadUnsigned(byte[] encoded, [NotNullWhen(true)] out AttestationDocument? document)
    {
        try
        {
            document = acceptsUnsigned ? UnsignedDocument.Read(encoded) : null;
            return document is not null;
        }
        catch (AttestationRejectedException rejection)
        {
            throw Refused(rejection.Message);
        }
    }

    private static void CheckAge(DateTimeOffset timestamp, DateTimeOffset now)
    {
        TimeSpan age = now - timestamp;
        if (age > MaxAge || age < -MaxAge)
        {
            throw Refused($"it is {age.TotalSeconds:F0} seconds old, and at most {MaxAge.TotalSeconds:F0} are accepted");
        }
    }

    private static Recipient RecipientOf(AttestationDocument document) =>
        new(Import(document.PublicKey is { IsEmpty: false } key ? key : throw Refused("it carries no public key")), document.Pcrs);

    private static string ImageOf(AttestationDocument document) =>
        document.Pcrs.TryGetValue(0, out ReadOnlyMemory<byte> image) ? Convert.ToHexStringLower(image.Span) : "missing";

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
