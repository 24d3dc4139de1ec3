namespace KmsTool.Protocol.Messages;

/// <summary>What the instance asks of the enclave; one message.</summary>
public abstract record Command
{
    /// <summary>The operation's name on the wire; <see langword="null"/> where the message names none that is known.</summary>
    public abstract string? Operation { get; }
}
