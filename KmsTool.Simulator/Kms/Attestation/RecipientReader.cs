using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;
using Microsoft.Extensions.Logging;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>Reads a request's Recipient and verifies its attestation document.</summary>
/// <param name="verifier">Verifies the documents that are signed.</param>
/// <param name="acceptsUnsigned">Whether unsigned documents are accepted too, with a warning.</param>
/// <param name="timeProvider">The clock of KMS.</param>
/// <param name="logger">Takes the warnings.</param>
internal sealed partial class RecipientReader(AttestationVerifier verifier, bool acceptsUnsigned, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>KMS's limit for <c>AttestationDocument</c>, in bytes.</summary>
    private const int MaxDocumentLength = 262_144;

    /// <summary>KMS refuses older documents (KMS developer guide, "Cryptographic attestation support").</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly AcceptedDocuments _accepted = new();

    /// <summary>Reads the Recipient; <see langword="null"/> if the request has none.</summary>
    /// <exception cref="KmsException">ValidationException: the document is not valid.</exception>
    public Recipient? Read(KmsParameters parameters)
    {
        if (parameters.ReadObject("Recipient") is not { } recipient)
        {
            return null;
        }

        string? algorithm = recipient.ReadString("KeyEncryptionAlgorithm", 1, 64);
        if (algorithm != "RSAES_OAEP_SHA_256")
        {
            throw KmsException.Validation("Recipient.KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256.");
        }

        byte[] encoded = recipient.ReadRequiredBytes("AttestationDocument", 1, MaxDocumentLength);
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
            Log.UnsignedDocumentAccepted(logger, TerminalText.Neutralize(statement.ModuleId), FormatImage(statement));
        }

        return document.Recipient;
    }

    private AcceptedDocument Verify(byte[] encoded, DateTimeOffset now, out AttestationDocument statement)
    {
        if (TryReadUnsigned(encoded, out AttestationDocument? unsigned))
        {
            statement = unsigned;
            return AcceptedDocument.Unsigned(unsigned, CreateRecipient(unsigned));
        }

        AttestationVerdict verdict = verifier.Verify(encoded, now);
        statement = verdict.Document ?? throw Refused(verdict.Reason);
        return AcceptedDocument.Verified(statement, CreateRecipient(statement));
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

    private static Recipient CreateRecipient(AttestationDocument document) =>
        new(Import(document.PublicKey is { IsEmpty: false } key ? key : throw Refused("it carries no public key")), document.Pcrs);

    private static string FormatImage(AttestationDocument document) =>
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

    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Warning, "INSECURE: accepted an unsigned attestation document of module {ModuleId}, PCR0 {Image}")]
        public static partial void UnsignedDocumentAccepted(ILogger logger, string moduleId, string image);
    }

    private static KmsException Refused(string reason) => KmsException.Validation($"The attestation document is not valid: {reason}.");
}

/// <summary>An attestation document whose signatures and chain are valid, or that is accepted unsigned.</summary>
/// <param name="Recipient">The enclave that it attests.</param>
/// <param name="Timestamp">The time at which it was made.</param>
/// <param name="ChainExpires">The time at which the first certificate of its chain expires.</param>
/// <param name="IsUnsigned">Whether it has no signature and proves nothing.</param>
internal sealed record AcceptedDocument(Recipient Recipient, DateTimeOffset Timestamp, DateTimeOffset ChainExpires, bool IsUnsigned)
{
    public static AcceptedDocument Verified(AttestationDocument document, Recipient recipient)
    {
        DateTimeOffset expires = document.CaBundle.Append(document.Certificate).Min(GetExpiry);
        return new AcceptedDocument(recipient, document.Timestamp, expires, IsUnsigned: false);
    }

    public static AcceptedDocument Unsigned(AttestationDocument document, Recipient recipient) =>
        new(recipient, document.Timestamp, DateTimeOffset.MaxValue, IsUnsigned: true);

    private static DateTimeOffset GetExpiry(ReadOnlyMemory<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
        return certificate.NotAfter;
    }
}

/// <summary>
/// Remembers documents that have been accepted, by SHA-256: enclaves use one for many requests, and a chain of five
/// P-384 signatures costs more than the rest of a request. Checks that depend on the time or the key run for every request.
/// </summary>
internal sealed class AcceptedDocuments
{
    private const int Capacity = 1024;

    private readonly ConcurrentDictionary<string, AcceptedDocument> _documents = new(StringComparer.Ordinal);

    public bool TryFind(ReadOnlySpan<byte> sha256, DateTimeOffset now, [NotNullWhen(true)] out AcceptedDocument? document) =>
        _documents.TryGetValue(Convert.ToHexString(sha256), out document) && now < document.ChainExpires;

    /// <summary>Remembers the document; returns <see langword="false"/> if a concurrent request has done so already.</summary>
    public bool Add(ReadOnlySpan<byte> sha256, AcceptedDocument document)
    {
        // Documents are valid for minutes: an empty memory costs one verification for each that is still in use.
        if (_documents.Count >= Capacity)
        {
            _documents.Clear();
        }

        return _documents.TryAdd(Convert.ToHexString(sha256), document);
    }
}
