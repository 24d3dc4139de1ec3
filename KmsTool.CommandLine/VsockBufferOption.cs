using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KmsTool.Protocol.Sockets;

namespace KmsTool.CommandLine;

/// <summary><c>--vsock-buffer-size</c>, for every command that listens or connects.</summary>
internal sealed class VsockBufferOption
{
    public const string Name = "--vsock-buffer-size";

    /// <summary>The environment variable that is read if the option is not given. An empty value counts as unset.</summary>
    public const string Variable = "KMSTOOL_VSOCK_BUFFER_SIZE";

    private readonly Option<ulong?> _size = new(Name) { CustomParser = Parse };

    public void AddTo(Command command) => command.Add(_size);

    /// <exception cref="CommandFailedException">The variable is malformed.</exception>
    public StreamSocketOptions Read(ParseResult parseResult, Func<string, string?> environment)
    {
        if (parseResult.GetValue(_size) is { } size)
        {
            return new StreamSocketOptions(size);
        }

        if (environment(Variable) is not { Length: > 0 } text)
        {
            return StreamSocketOptions.Default;
        }

        return TryParse(text, out ulong bytes)
            ? new StreamSocketOptions(bytes)
            : throw new CommandFailedException(ExitCode.WrongUsage, Refusal(Variable, text));
    }

    private static ulong? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (TryParse(text, out ulong bytes))
        {
            return bytes;
        }

        result.AddError(Refusal(Name, text));
        return null;
    }

    private static bool TryParse(string text, out ulong bytes) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes)
        && bytes is >= StreamSocketOptions.MinVsockBufferSize and <= StreamSocketOptions.MaxVsockBufferSize;

    private static string Refusal(string name, string text) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name} '{text}' is not a number of bytes from {StreamSocketOptions.MinVsockBufferSize} to {StreamSocketOptions.MaxVsockBufferSize}.");
}
