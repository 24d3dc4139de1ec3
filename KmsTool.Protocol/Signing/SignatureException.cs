namespace KmsTool.Protocol.Signing;

/// <summary>A request whose signature was not accepted.</summary>
internal sealed class SignatureException(SignatureFailure failure, string message) : Exception(message)
{
    public SignatureFailure Failure { get; } = failure;
}
