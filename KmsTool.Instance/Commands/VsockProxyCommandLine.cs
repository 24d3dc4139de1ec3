using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.Cli;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>
/// <c>kmstool-instance vsock-proxy LOCAL_PORT REMOTE_ADDR REMOTE_PORT</c>, and <c>vsock-proxy</c> as a program: the arguments
/// of the AWS program of that name.
/// </summary>
internal static class VsockProxyCommandLine
{
    public const string Name = "vsock-proxy";

    // One to each side, and one for an attempt at a second address of the destination.
    private const int DescriptorsPerConnection = 3;

    public static Command CreateCommand()
    {
        var command = new Command(Name);
        AddTo(command, allowlistRequired: false);
        return command;
    }

    /// <summary>Gives a command the arguments and the action.</summary>
    /// <param name="command">Takes them.</param>
    /// <param name="allowlistRequired">Whether it refuses to start without an allowlist, as the AWS program does.</param>
    public static void AddTo(Command command, bool allowlistRequired)
    {
        var local = new Argument<StreamAddress>("LOCAL_PORT") { CustomParser = ParseLocal };
        var host = new Argument<string>("REMOTE_ADDR") { CustomParser = ParseHost };
        var port = new Argument<ushort>("REMOTE_PORT") { CustomParser = ParseTcpPort };
        var ipv4 = new Option<bool>("--ipv4", "-4");
        var ipv6 = new Option<bool>("--ipv6", "-6");
        Option<int> workers = CommonOptions.Number("--num_workers", byDefault: 1024, atLeast: 1, atMost: 100_000);
        workers.Aliases.Add("-w");
        var config = new Option<string>("--config");
        Option<TimeSpan> connectTimeout = CommonOptions.Seconds("--connect-timeout", byDefault: 3);
        Option<TimeSpan> idleTimeout = CommonOptions.Seconds("--idle-timeout", byDefault: 3600, atLeast: 0);
        Option<string> logLevel = CommonOptions.LogLevel(LogLevel.Information);
        command.Add(local);
        command.Add(host);
        command.Add(port);
        command.Add(ipv4);
        command.Add(ipv6);
        command.Add(workers);
        command.Add(config);
        command.Add(connectTimeout);
        command.Add(idleTimeout);
        command.Add(logLevel);
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            AddressFamily family = ChooseFamily(parseResult.GetValue(ipv4), parseResult.GetValue(ipv6));
            RefuseOtherFamily(parseResult.GetRequiredValue(host), family);
            var options = new ProxyOptions
            {
                Local = parseResult.GetRequiredValue(local),
                Destination = new StreamAddress.Tcp(parseResult.GetRequiredValue(host), parseResult.GetValue(port)),
                Family = family,
                ConnectTimeout = parseResult.GetValue(connectTimeout),
                IdleTimeout = parseResult.GetValue(idleTimeout),
                MaxConnections = parseResult.GetValue(workers),
            };
            Allowlist? allowlist = AllowlistFile.Read(parseResult.GetValue(config), allowlistRequired);
            await RunAsync(options, allowlist, CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(logLevel)), cancellationToken);
            return (int)ExitCode.Success;
        });
    }

    private static async Task RunAsync(ProxyOptions options, Allowlist? allowlist, LogLevel logLevel, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(logLevel);
        ILogger logger = loggers.CreateLogger(Name);
        if (allowlist is null)
            Log.NoAllowlist(logger, AllowlistFile.DefaultPath);
        else
            options = await AllowlistFile.AdmitAsync(allowlist, options, logger, cancellationToken);

        int connections = DescriptorLimit.ConnectionsWithin(options.MaxConnections, DescriptorsPerConnection, others: 0);
        if (connections < options.MaxConnections)
            Log.FewDescriptors(logger, connections, options.MaxConnections);

        await using StreamListener listener = Bind(options.Local);
        var destination = new Destination(options, Dns.GetHostAddressesAsync, TimeProvider.System, logger);
        using var server = new ProxyServer(options with { MaxConnections = connections }, destination, TimeProvider.System, logger);
        await Console.Out.WriteLineAsync($"ready {listener.LocalAddress}");
        await server.RunAsync(listener, cancellationToken);
    }

    private static AddressFamily ChooseFamily(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => throw new CommandFailedException(ExitCode.WrongUsage, "--ipv4 and --ipv6 exclude each other; without both, either family is used"),
        (true, false) => AddressFamily.InterNetwork,
        (false, true) => AddressFamily.InterNetworkV6,
        _ => AddressFamily.Unspecified,
    };

    private static void RefuseOtherFamily(string host, AddressFamily family)
    {
        if (family != AddressFamily.Unspecified && IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily != family)
        {
            throw new CommandFailedException(
                ExitCode.WrongUsage, $"{host} is no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address, as the option asks");
        }
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
        if (DestinationHost.TryParse(result.Tokens.Single().Value, out string? host, out string? error))
            return host;

        result.AddError(error + ".");
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
