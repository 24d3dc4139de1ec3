using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net.Sockets;
using KmsTool.Cli;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance vsock-proxy LOCAL HOST PORT</c>.</summary>
internal static class VsockProxyCommandLine
{
    public const string Name = "vsock-proxy";

    public static Command CreateCommand()
    {
        var local = new Argument<StreamAddress>("LOCAL") { CustomParser = ParseLocal };
        var host = new Argument<string>("HOST") { CustomParser = ParseHost };
        var port = new Argument<ushort>("PORT") { CustomParser = ParseTcpPort };
        Option<TimeSpan> connectTimeout = CommonOptions.Seconds("--connect-timeout", byDefault: 10);
        Option<string> logLevel = CommonOptions.LogLevel(LogLevel.Information);
        var command = new Command(Name) { local, host, port, connectTimeout, logLevel };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            var options = new ProxyOptions
            {
                Local = parseResult.GetRequiredValue(local),
                Destination = new StreamAddress.Tcp(parseResult.GetRequiredValue(host), parseResult.GetValue(port)),
                ConnectTimeout = parseResult.GetValue(connectTimeout),
            };
            await RunAsync(options, CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(logLevel)), cancellationToken);
            return (int)ExitCode.Success;
        });
        return command;
    }

    private static async Task RunAsync(ProxyOptions options, LogLevel logLevel, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(logLevel);
        await using StreamListener listener = Bind(options.Local);
        using var server = new ProxyServer(options, TimeProvider.System, loggers.CreateLogger(Name));
        await server.RunAsync(listener, cancellationToken);
    }

    private static StreamListener Bind(StreamAddress address)
    {
        try
        {
            return StreamListener.Bind(address);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new CommandFailedException(
                ExitCode.CouldNotConnect,
                $"Could not listen on {address}: {Describe(address, e)}.",
                e);
        }
    }

    private static string Describe(StreamAddress address, Exception failure) => (address, (failure as SocketException)?.SocketErrorCode) switch
    {
        (_, SocketError.AddressAlreadyInUse) => "another program listens there, perhaps a vsock-proxy that runs already",
        // ENOENT has no SocketError of its own.
        (StreamAddress.Unix, SocketError.AddressNotAvailable) => "the directory does not exist",
        _ => failure.Message.TrimEnd('.'),
    };

    private static StreamAddress? ParseLocal(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (!text.Contains(':', StringComparison.Ordinal))
            return CommonOptions.ParseListeningVsockPort(result) is { } port ? new StreamAddress.Vsock(VsockEndPoint.ParentCid, port) : null;

        if (StreamAddress.TryParse(text, out StreamAddress? address, out string? error))
            return address;

        result.AddError(error + ".");
        return null;
    }

    private static string? ParseHost(ArgumentResult result)
    {
        string host = result.Tokens.Single().Value;
        if (Uri.CheckHostName(host) != UriHostNameType.Unknown)
            return host.Trim('[', ']');

        result.AddError($"'{host}' is neither a host name nor an IP address.");
        return null;
    }

    private static ushort ParseTcpPort(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0)
            return port;

        result.AddError($"'{text}' is no TCP port; use a number from 1 to 65535.");
        return 0;
    }
}
