using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.CommandLine;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Networking.Hosts;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>
/// <c>kmstool-instance vsock-proxy LOCAL_PORT REMOTE_ADDR REMOTE_PORT</c>, and <c>vsock-proxy</c> as a program: the arguments
/// of the AWS program of that name.
/// </summary>
internal static class VsockProxyCommandLine
{
    public const string Name = "vsock-proxy";

    private const string Order = "LOCAL_PORT REMOTE_ADDR REMOTE_PORT";

    private static readonly ProxySettings Defaults = new();

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
        // All three are parsed together: only together do they show that their order is wrong.
        var route = new Argument<Route?>(Order) { CustomParser = ParseRoute, Arity = ArgumentArity.ZeroOrMore };
        var ipv4 = new Option<bool>("--ipv4", "-4");
        var ipv6 = new Option<bool>("--ipv6", "-6");
        Option<int> workers = CommonOptions.Number("--num_workers", Defaults.MaxConnections, atLeast: 1, ProxySettings.HighestMaxConnections);
        workers.Aliases.Add("-w");
        var whenFull = new Option<string>("--when-full") { DefaultValueFactory = _ => "wait" };
        whenFull.AcceptOnlyFromAmong("wait", "refuse");
        Option<int> maxPerPeer = CommonOptions.Number("--max-per-peer", byDefault: 0, atLeast: 0, ProxySettings.HighestMaxConnections);
        var config = new Option<string>("--config");
        Option<TimeSpan> connectTimeout = CommonOptions.Seconds("--connect-timeout", Defaults.ConnectTimeout.TotalSeconds);
        Option<TimeSpan> idleTimeout = CommonOptions.Seconds("--idle-timeout", Defaults.Relay.IdleTimeout.TotalSeconds, atLeast: 0);
        Option<TimeSpan> drainTimeout = CommonOptions.Seconds("--drain-timeout", Defaults.DrainTimeout.TotalSeconds, atLeast: 0);
        var vsockBuffer = new VsockBufferOption();
        var metrics = new Option<StreamAddress.Tcp?>("--metrics") { CustomParser = ParseMetrics };
        var check = new Option<bool>("--check");
        var logLevel = new LogLevelOption(LogLevel.Information);
        command.Add(route);
        foreach (Option option in (Option[])[ipv4, ipv6, workers, whenFull, maxPerPeer, config, connectTimeout, idleTimeout, drainTimeout, metrics, check])
        {
            command.Add(option);
        }

        vsockBuffer.AddTo(command);
        logLevel.AddTo(command);
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            (StreamAddress? local, StreamAddress.Tcp? remote) = parseResult.GetValue(route) is { } given ? (given.Local, given.Remote) : default;
            (AddressFamily family, string? familyOption) = ChooseFamily(parseResult.GetValue(ipv4), parseResult.GetValue(ipv6));
            if (Destination.FindFamilyFault(remote?.Host, family, familyOption) is { } fault)
            {
                throw new CommandFailedException(ExitCode.WrongUsage, fault);
            }

            var options = new ProxySettings
            {
                Family = family,
                FamilyOption = familyOption,
                Sockets = vsockBuffer.Read(parseResult, Environment.GetEnvironmentVariable),
                ConnectTimeout = parseResult.GetValue(connectTimeout),
                Relay = new RelayOptions { IdleTimeout = parseResult.GetValue(idleTimeout) },
                MaxConnections = parseResult.GetValue(workers),
                MaxPerPeer = parseResult.GetResult(maxPerPeer) is { Implicit: false } ? parseResult.GetValue(maxPerPeer) : null,
                RefusesWhenFull = parseResult.GetValue(whenFull) == "refuse",
                DrainTimeout = parseResult.GetValue(drainTimeout),
            };
            var arguments = new ProxyArguments(local, remote, parseResult.GetValue(config), allowlistRequired);
            using ILoggerFactory loggers = LogOutput.Create(logLevel.Read(parseResult));
            var action = new VsockProxyAction(arguments, options, parseResult.GetValue(metrics), Dns.GetHostAddresses, loggers.CreateLogger(Name));
            await (parseResult.GetValue(check) ? action.CheckAsync(cancellationToken) : action.RunAsync(cancellationToken));
            return (int)ExitCode.Success;
        });
    }

    private static (AddressFamily Family, string? Option) ChooseFamily(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => throw new CommandFailedException(ExitCode.WrongUsage, "--ipv4 and --ipv6 exclude each other; without both, either family is used"),
        (true, false) => (AddressFamily.InterNetwork, "--ipv4"),
        (false, true) => (AddressFamily.InterNetworkV6, "--ipv6"),
        _ => (AddressFamily.Unspecified, null),
    };

    private static Route? ParseRoute(ArgumentResult result)
    {
        string[] words = [.. result.Tokens.Select(token => token.Value)];
        if (FindOrderFault(words) is { } fault)
        {
            result.AddError(fault);
            return null;
        }

        return ParseLocal(result, words[0]) is { } local && ParseHost(result, words[1]) is { } host && ParseTcpPort(result, words[2]) is { } port
            ? new Route(local, new StreamAddress.Tcp(host, port))
            : null;
    }

    /// <summary>Says what is wrong with the number or the order of the words; <see langword="null"/> for nothing.</summary>
    private static string? FindOrderFault(string[] words) => words switch
    {
        [var cid, var local, var host, var port] when IsNumber(cid) && IsNumber(local) && !IsNumber(host) && IsNumber(port) =>
            $"vsock-proxy takes no CID, and '{cid}' seems to be one: it listens on the parent's own. Write '{local} {host} {port}' ({Order}).",
        [var first, var second, var third] when IsNumber(second) && (IsNumber(first) ? !IsNumber(third) : !first.Contains(':', StringComparison.Ordinal)) =>
            $"'{first} {second} {third}' is in another order than {Order}. Write the port that the enclave connects to, the destination, and its port, without a CID.",
        [_, _, _] => null,
        _ => $"vsock-proxy takes {Order} together, or none of them and a file with listeners.",
    };

    private static bool IsNumber(string word) => StreamAddress.TryParseNumber(word, out _);

    private static StreamAddress? ParseLocal(ArgumentResult result, string text)
    {
        if (!text.Contains(':', StringComparison.Ordinal))
        {
            return CommonOptions.ParseListeningVsockPort(result, text) is { } port ? new StreamAddress.Vsock(VsockEndPoint.ParentCid, port) : null;
        }

        if (StreamAddress.TryParse(text, out StreamAddress? address, out string? error))
        {
            return address;
        }

        result.AddError(error + ".");
        return null;
    }

    private static string? ParseHost(ArgumentResult result, string text)
    {
        if (DestinationHost.TryParse(text, out string? host, out string? error))
        {
            return host;
        }

        result.AddError(error + ".");
        return null;
    }

    private static ushort? ParseTcpPort(ArgumentResult result, string text)
    {
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0)
        {
            return port;
        }

        result.AddError($"'{text}' is not a TCP port; use a number from 1 to 65535.");
        return null;
    }

    private static StreamAddress.Tcp? ParseMetrics(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (StreamAddress.TryParse("tcp:" + text, out StreamAddress? address, out _) && address is StreamAddress.Tcp { Host: var host } tcp
            && IPAddress.TryParse(host, out _))
        {
            return tcp;
        }

        result.AddError($"--metrics '{text}' is not an IP address and port, such as 127.0.0.1:9100.");
        return null;
    }

    private sealed record Route(StreamAddress Local, StreamAddress.Tcp Remote);
}
