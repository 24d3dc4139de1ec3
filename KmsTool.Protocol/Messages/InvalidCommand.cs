namespace KmsTool.Protocol.Messages;

/// <summary>A message that asks for nothing that can be done; the enclave answers with the error it carries.</summary>
/// <param name="Operation">The operation it meant, where that is known.</param>
/// <param name="Message">Error text for the reply; it starts with the original's text.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
public sealed record InvalidCommand(string? Operation, string Message, string Code) : Command
{
    /// <inheritdoc/>
    public override string? Operation { get; } = Operation;
}
