namespace KmsTool.Protocol.Attestation;

/// <summary>Carries a broken rule from where it is found to <see cref="AttestationVerifier"/>, which turns it into a verdict.</summary>
internal sealed class AttestationRejectedException(AttestationFailure failure, string reason, Exception? innerException = null)
    : Exception(reason, innerException)
{
    public AttestationFailure Failure { get; } = failure;
}
