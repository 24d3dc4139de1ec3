using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Nsm;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Enclave.Commands;

/// <summary>The arguments of serve, which the program takes with and without the word <c>serve</c>.</summary>
internal sealed class ServeCommandLine
{
    public const string Name = "serve";

    private const uint DefaultPort = 3000;
    private const uint DefaultProxyPort = 8000;

    private static readonly DaemonLimits Defaults = new();

    private readonly Option<string?> _region = new("--region", "-r");
    private readonly Option<uint?> _port = new("--port", "-p") { CustomParser = CommonOptions.ParseListeningVsockPort };
    private readonly Option<uint?> _proxyPort = new("--proxy-port", "-x") { CustomParser = CommonOptions.ParseVsockPort };
    private readonly Option<StreamAddress?> _listen = CommonOptions.Address("--listen");
    private readonly Option<StreamAddress?> _proxy = CommonOptions.Address("--proxy");
    private readonly Option<string?> _nsm = new("--nsm");
    private readonly Option<string?> _kmsEndpoint = new("--kms-endpoint");
    private readonly Option<string?> _caBundle = new("--ca-bundle");
    private readonly Option<TimeSpan> _attestationTtl = CommonOptions.Seconds("--attestation-ttl", byDefault: 30, atLeast: 0);
    private readonly Option<TimeSpan> _keyLifetime = CommonOptions.Seconds("--key-lifetime", byDefault: 3600, atLeast: 60);
    private readonly Option<int> _maxMessageSize =
        CommonOptions.Number("--max-message-size", Defaults.MaxMessageLength, atLeast: 1024, atMost: 16 * 1024 * 1024);

    private readonly Option<int> _maxConnections =
        CommonOptions.Number("--max-connections", Defaults.MaxConnections, atLeast: 1, atMost: 1_000_000);

    private readonly Option<int> _maxPending = CommonOptions.Number("--max-pending", Defaults.MaxPending, atLeast: 1, atMost: 1024);
    private readonly Option<TimeSpan> _idleTimeout = CommonOptions.Seconds("--idle-timeout", Defaults.IdleTimeout.TotalSeconds);
    private readonly Option<TimeSpan> _requestTimeout = CommonOptions.Seconds("--request-timeout", Defaults.RequestTimeout.TotalSeconds);
    private readonly Option<TimeSpan> _sendTimeout = CommonOptions.Seconds("--send-timeout", Defaults.SendTimeout.TotalSeconds);
    private readonly Option<TimeSpan> _drainTimeout = CommonOptions.Seconds("--drain-timeout", Defaults.DrainTimeout.TotalSeconds, atLeast: 0);
    private readonly Option<string> _logLevel = CommonOptions.LogLevel(LogLevel.Information);

    public Command CreateCommand()
    {
        var command = new Command(Name);
        AddTo(command);
        return command;
    }

    public void AddTo(Command command)
    {
        Option[] options =
        [
            _region, _port, _proxyPort, _listen, _proxy, _nsm, _kmsEndpoint, _caBundle, _attestationTtl, _keyLifetime,
            _maxMessageSize, _maxConnections, _maxPending, _idleTimeout, _requestTimeout, _sendTimeout,
            _drainTimeout, _logLevel,
        ];
        foreach (Option option in options)
            command.Add(option);

        command.SetAction(async (parseResult, cancellationToken) =>
        {
            await ServeAction.RunAsync(Read(parseResult, Environment.GetEnvironmentVariable), cancellationToken);
            return (int)ExitCode.Success;
        });
    }

    /// <summary>Options first, then the environment names that AWS's sample and the AWS SDKs know.</summary>
    /// <exception cref="CommandFailedException">Two options contradict each other, or a value is malformed.</exception>
    public ServeOptions Read(ParseResult parseResult, Func<string, string?> environment)
    {
        string? region = parseResult.GetValue(_region) ?? NonEmpty(environment("REGION"));
        if (region is not null && !AwsRegion.IsWellFormed(region))
            throw Wrong($"'{region}' is no region code; give one like eu-central-1 with --region or REGION.");

        return new ServeOptions
        {
            Region = region,
            Listen = ChooseAddress(parseResult, _listen, _port, VsockEndPoint.AnyCid, DefaultPort),
            Proxy = ChooseProxy(parseResult),
            Nsm = parseResult.GetValue(_nsm) ?? NonEmpty(environment("KMSTOOL_NSM")) ?? NsmDevice.DefaultPath,
            KmsEndpoint = ParseEndpoint(parseResult.GetValue(_kmsEndpoint)
                ?? NonEmpty(environment("ENDPOINT")) ?? NonEmpty(environment("AWS_ENDPOINT_URL_KMS"))),
            CaBundle = parseResult.GetValue(_caBundle) ?? NonEmpty(environment("AWS_CA_BUNDLE")),
            Recipient = new RecipientOptions(parseResult.GetValue(_attestationTtl), parseResult.GetValue(_keyLifetime)),
            Limits = new DaemonLimits
            {
                MaxMessageLength = parseResult.GetValue(_maxMessageSize),
                MaxConnections = parseResult.GetValue(_maxConnections),
                MaxPending = parseResult.GetValue(_maxPending),
                IdleTimeout = parseResult.GetValue(_idleTimeout),
                RequestTimeout = parseResult.GetValue(_requestTimeout),
                SendTimeout = parseResult.GetValue(_sendTimeout),
                DrainTimeout = parseResult.GetValue(_drainTimeout),
            },
            LogLevel = CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(_logLevel)),
        };
    }

    private StreamAddress ChooseProxy(ParseResult parseResult)
    {
        StreamAddress proxy = ChooseAddress(parseResult, _proxy, _proxyPort, VsockEndPoint.ParentCid, DefaultProxyPort);
        return proxy is StreamAddress.Vsock { Cid: VsockEndPoint.AnyCid } or StreamAddress.Vsock { Port: 0 } or StreamAddress.Tcp { Port: 0 }
            ? throw Wrong($"--proxy {proxy} can be listened on but not connected to; the parent is vsock:3:PORT.")
            : proxy;
    }

    private static StreamAddress ChooseAddress(
        ParseResult parseResult, Option<StreamAddress?> address, Option<uint?> port, uint cid, uint defaultPort)
    {
        StreamAddress? whole = parseResult.GetValue(address);
        uint? vsockPort = parseResult.GetValue(port);
        if (whole is not null && vsockPort is not null)
            throw Wrong($"{address.Name} and {port.Name} say the same; give one of them.");

        return whole ?? new StreamAddress.Vsock(cid, vsockPort ?? defaultPort);
    }

    private static (string Host, int Port)? ParseEndpoint(string? text)
    {
        try
        {
            return text is null ? null : KmsEndpoint.ParseHost(text);
        }
        catch (FormatException e)
        {
            throw Wrong(e.Message + " (--kms-endpoint, ENDPOINT or AWS_ENDPOINT_URL_KMS).");
        }
    }

    // The original takes an empty variable for one that is not set.
    private static string? NonEmpty(string? text) => text is "" ? null : text;

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
