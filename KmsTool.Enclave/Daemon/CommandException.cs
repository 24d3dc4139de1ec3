namespace KmsTool.Enclave.Daemon;

/// <summary>A command cannot be carried out; carries the reply's text and code.</summary>
internal sealed class CommandException(string message, string code) : Exception(message)
{
    public string Code { get; } = code;
}
