namespace KmsTool.Protocol.Messages;

/// <summary>The answer to an <see cref="AttestCommand"/>.</summary>
public sealed record AttestReply : SuccessReply
{
    /// <summary>The attestation document, COSE_Sign1.</summary>
    public required ReadOnlyMemory<byte> Document { get; init; }
}
