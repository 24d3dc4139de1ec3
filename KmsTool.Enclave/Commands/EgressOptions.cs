using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Hosting;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that say where applications may go, and by what way.</summary>
internal sealed class EgressOptions
{
    private readonly Option<int> _port = CommonOptions.Number("--egress-port", EgressSettings.DefaultPort, atLeast: 0, atMost: ushort.MaxValue);
    private readonly Option<string[]> _allow = new("--egress-allow") { AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _deny = new("--egress-deny") { AllowMultipleArgumentsPerToken = true };
    private readonly Option<StreamAddress?> _proxy = CommonOptions.Address("--egress-proxy");
    private readonly Option<string[]> _routes = new("--egress-route") { AllowMultipleArgumentsPerToken = true };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_port, _allow, _deny, _proxy, _routes])
        {
            command.Add(option);
        }
    }

    /// <summary>The ways out of the enclave besides that to KMS.</summary>
    /// <exception cref="CommandFailedException">A route is malformed, or stands there twice.</exception>
    public ParentRoutes ReadRoutes(ParseResult parseResult, KmsSettings kms)
    {
        var routes = new Dictionary<(string, int), StreamAddress>();
        foreach (string text in parseResult.GetValue(_routes) ?? [])
        {
            (string host, int port, StreamAddress address) = ParseRoute(text);
            if (!routes.TryAdd((host, port), address))
            {
                throw UsageError($"--egress-route has {host}:{port} twice.");
            }
        }

        StreamAddress? proxy = parseResult.GetValue(_proxy) ?? (kms.ProxyTakesConnect ? kms.Proxy : null);
        return new ParentRoutes { Fixed = routes, Other = proxy, OtherTakesConnect = true, Sockets = kms.Sockets };
    }

    /// <summary>The proxy for applications; <see langword="null"/> where neither arguments nor the manifest want one.</summary>
    /// <exception cref="CommandFailedException">A pattern is malformed, or there is no way out.</exception>
    public EgressSettings? Bind(ParseResult parseResult, EnclaverManifest.EgressSection? section, ParentRoutes parent)
    {
        string[] allow = parseResult.GetValue(_allow) ?? [];
        string[] deny = parseResult.GetValue(_deny) ?? [];
        bool hasPort = parseResult.GetResult(_port) is { Implicit: false };
        if (section is null && allow.Length == 0 && deny.Length == 0 && !hasPort)
        {
            return null;
        }

        var rules = new EgressRules(
            [.. section?.Allow ?? [], .. allow.Select(text => ParsePattern("--egress-allow", text))],
            [.. section?.Deny ?? [], .. deny.Select(text => ParsePattern("--egress-deny", text))]);
        if (rules.Allow.Count > 0 && parent is { Other: null, Fixed.Count: 0 })
        {
            throw UsageError("Egress needs a way out: the parent's vsock-proxy in mode connect with --egress-proxy ADDRESS (or --proxy-mode connect), or --egress-route HOST:PORT=ADDRESS.");
        }

        return new EgressSettings
        {
            Port = hasPort ? parseResult.GetValue(_port) : section?.ProxyPort ?? EgressSettings.DefaultPort,
            Rules = rules,
            Parent = parent,
        };
    }

    private static HostPattern ParsePattern(string option, string text) =>
        HostPattern.TryParse(text, out HostPattern? pattern, out string? error) ? pattern : throw UsageError($"{option} {error}.");

    private static (string Host, int Port, StreamAddress Address) ParseRoute(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string destination = equals < 0 ? text : text[..equals];
        int colon = destination.LastIndexOf(':');
        if (equals < 0 || colon <= 0
            || !ushort.TryParse(destination.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0
            || !DestinationHost.TryParse(destination[..colon], out string? host, out _))
        {
            throw UsageError($"--egress-route '{text}' is not HOST:PORT=ADDRESS, such as example.com:443=vsock:3:8001.");
        }

        return StreamAddress.TryParse(text[(equals + 1)..], out StreamAddress? address, out string? error)
            ? (host.ToLowerInvariant(), port, address)
            : throw UsageError($"--egress-route: {error}.");
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
