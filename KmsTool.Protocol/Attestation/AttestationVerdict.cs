namespace KmsTool.Protocol.Attestation;

/// <summary>The outcome of verifying an attestation document.</summary>
public sealed class AttestationVerdict
{
    private AttestationVerdict(AttestationFailure failure, string reason, AttestationDocument? document)
    {
        Failure = failure;
        Reason = reason;
        Document = document;
    }

    /// <summary>True when the document is authentic, current and as expected.</summary>
    public bool IsValid => Document is not null;

    /// <summary>The rule that was broken; <see cref="AttestationFailure.None"/> when valid.</summary>
    public AttestationFailure Failure { get; }

    /// <summary>One line for people: what was found and what was expected. Contains public values only.</summary>
    public string Reason { get; }

    /// <summary>The document; null unless valid, so that nobody reads one that is not.</summary>
    public AttestationDocument? Document { get; }

    /// <summary><see cref="Reason"/>.</summary>
    public override string ToString() => Reason;

    internal static AttestationVerdict Valid(AttestationDocument document) => new(AttestationFailure.None, "valid", document);

    internal static AttestationVerdict Refused(AttestationFailure failure, string reason) => new(failure, reason, null);
}
