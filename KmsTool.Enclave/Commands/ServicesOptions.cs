using System.CommandLine;
using System.Net;
using KmsTool.CommandLine;
using KmsTool.CommandLine.Yaml;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that <c>run</c> and <c>kms-proxy</c> share.</summary>
internal sealed class ServicesOptions
{
    public const string ExposeOption = "--dangerously-expose-plaintexts-to-the-network";

    private static readonly KmsProxySettings Defaults = new() { Regions = new ProxyRegions(new Dictionary<string, KmsEndpoint>()) };

    private readonly KmsOptions _kms = new("AWS_REGION", "AWS_DEFAULT_REGION");
    private readonly PinOptions _pins = new(takesAnyOperation: true);
    private readonly StartupOptions _startup = new();
    private readonly EgressOptions _egress = new();
    private readonly Option<int> _port;
    private readonly Option<IPAddress> _address = new("--listen-address") { DefaultValueFactory = _ => IPAddress.Loopback, CustomParser = ParseAddress };
    private readonly Option<bool> _expose = new(ExposeOption);
    private readonly Option<string[]> _regionEndpoints = new("--region-endpoint") { AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _credentials = new("--credentials");
    private readonly Option<StreamAddress?> _daemon = CommonOptions.Address("--daemon");
    private readonly DaemonLimitOptions _daemonLimits = new("--daemon-max-connections");
    private readonly Option<string?> _config = new("--config");
    private readonly Option<TimeSpan> _requestTimeout = CommonOptions.Seconds("--request-timeout", Defaults.RequestTimeout.TotalSeconds);
    private readonly Option<int> _maxConnections = CommonOptions.Number("--max-connections", Defaults.MaxConnections, atLeast: 1, atMost: 100_000);
    private readonly Option<TimeSpan> _attestationTtl = CommonOptions.Seconds("--attestation-ttl", byDefault: 30, atLeast: 0);
    private readonly Option<TimeSpan> _keyLifetime = CommonOptions.Seconds("--key-lifetime", byDefault: 3600, atLeast: 60);
    private readonly LogLevelOption _logLevel = new(LogLevel.Information);

    /// <param name="portOption">The name of the option for the KMS proxy's port.</param>
    public ServicesOptions(string portOption)
    {
        _port = CommonOptions.Number(portOption, KmsProxySettings.DefaultPort, atLeast: 0, atMost: ushort.MaxValue);
        _credentials.AcceptOnlyFromAmong("environment", "imds", "push");
    }

    public void AddTo(Command command)
    {
        _kms.AddTo(command);
        _pins.AddTo(command);
        _startup.AddTo(command);
        _egress.AddTo(command);
        _daemonLimits.AddTo(command);
        Option[] options =
        [
            _port, _address, _expose, _regionEndpoints, _credentials, _daemon, _config, _requestTimeout, _maxConnections, _attestationTtl,
            _keyLifetime,
        ];
        foreach (Option option in options)
        {
            command.Add(option);
        }

        _logLevel.AddTo(command);
    }

    public LogLevel ReadLogLevel(ParseResult parseResult) => _logLevel.Read(parseResult);

    /// <summary>Options first, then the environment, then the manifest.</summary>
    /// <param name="parseResult">The command line.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="logger">Learns of what is ignored.</param>
    /// <exception cref="CommandFailedException">Something contradicts something else, is malformed or missing.</exception>
    public ServicesSettings Bind(ParseResult parseResult, Func<string, string?> environment, ILogger logger)
    {
        EnclaverManifest manifest = ReadManifest(parseResult, logger);
        KmsSettings kms = _kms.Bind(parseResult, environment);
        KmsPins pins = _pins.Bind(parseResult, environment, region: null);
        ProxyRegions regions = ReadRegions(parseResult, kms, pins, manifest);
        string? region = kms.Region ?? pins.KeyRegion ?? (regions.Endpoints.Count == 1 ? regions.Endpoints.Keys.Single() : null);
        ParentRoutes parent = _egress.ReadRoutes(parseResult, kms);
        CredentialOrigin credentials = ReadOrigin(parseResult, environment);
        StreamAddress? daemon = parseResult.GetValue(_daemon);
        if (daemon is null)
        {
            _daemonLimits.RefuseWithoutDaemon(parseResult);
        }

        bool hasProxy = manifest.KmsProxy is not null || parseResult.GetValue(_config) is null || parseResult.GetResult(_port) is { Implicit: false };
        if (hasProxy && region is null)
        {
            throw UsageError("Name the region of the KMS keys with --region or AWS_REGION: where it is left to others, they choose.");
        }

        if (hasProxy && credentials == CredentialOrigin.Push && daemon is null)
        {
            throw UsageError("--credentials push needs the daemon that takes them: add --daemon ADDRESS, such as --daemon vsock:3000.");
        }

        Uri metadata = ReadMetadata(environment);
        if (hasProxy && credentials == CredentialOrigin.Imds && parent.Other is null && !parent.Fixed.ContainsKey((metadata.IdnHost, metadata.Port)))
        {
            throw UsageError($"--credentials imds needs a way to {metadata.Authority}: the parent's vsock-proxy in mode connect with --egress-proxy ADDRESS, or --egress-route {metadata.Host}:{metadata.Port}=ADDRESS.");
        }

        return new ServicesSettings
        {
            Kms = kms with
            {
                Pins = pins,
                Recipient = new RecipientSettings(parseResult.GetValue(_attestationTtl), parseResult.GetValue(_keyLifetime)),
                Startup = _startup.Bind(parseResult, environment),
            },
            KmsProxy = hasProxy ? ReadKmsProxy(parseResult, manifest, regions) : null,
            Egress = _egress.Bind(parseResult, manifest.Egress, parent),
            Credentials = credentials,
            InstanceMetadata = metadata,
            Parent = parent,
            Disclosure = _pins.ReadDisclosure(parseResult),
            Daemon = daemon,
            DaemonLimits = _daemonLimits.Bind(parseResult, parseResult.GetValue(_requestTimeout)),
            Region = region,
            LogLevel = ReadLogLevel(parseResult),
        };
    }

    private EnclaverManifest ReadManifest(ParseResult parseResult, ILogger logger)
    {
        if (parseResult.GetValue(_config) is not { } path)
        {
            return new EnclaverManifest();
        }

        try
        {
            var manifest = EnclaverManifest.Read(path);
            foreach ((string name, long line) in manifest.Others)
            {
                Log.SectionIgnored(logger, path, line, TerminalText.Neutralize(name));
            }

            return manifest;
        }
        catch (ConfigurationException e)
        {
            throw UsageError(TerminalText.Neutralize(e.Message), e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw UsageError($"There is no file '{path}' (--config).", e);
        }
    }

    private KmsProxySettings ReadKmsProxy(ParseResult parseResult, EnclaverManifest manifest, ProxyRegions regions)
    {
        IPAddress address = parseResult.GetRequiredValue(_address);
        if (!IPAddress.IsLoopback(address) && !parseResult.GetValue(_expose))
        {
            throw UsageError($"The KMS proxy listens on loopback only: at {address} whoever reads the network would read plaintexts that KMS gave to this enclave alone. "
                + $"If that is what you want, add {ExposeOption}.");
        }

        bool hasPort = parseResult.GetResult(_port) is { Implicit: false };
        return new KmsProxySettings
        {
            Address = address,
            Port = hasPort ? parseResult.GetValue(_port) : manifest.KmsProxy?.ListenPort ?? KmsProxySettings.DefaultPort,
            Regions = regions,
            MaxConnections = parseResult.GetValue(_maxConnections),
            RequestTimeout = parseResult.GetValue(_requestTimeout),
        };
    }

    // What is configured somewhere, and nothing that a caller says.
    private ProxyRegions ReadRegions(ParseResult parseResult, KmsSettings kms, KmsPins pins, EnclaverManifest manifest)
    {
        var hosts = new Dictionary<string, (string Host, int Port)?>();
        foreach (string region in pins.AllowedKeys.Select(key => key.Region).Append(kms.Region).OfType<string>())
        {
            hosts[region] = null;
        }

        foreach ((string region, (string, int) host) in manifest.KmsProxy?.Endpoints ?? new Dictionary<string, (string, int)>())
        {
            hosts[region] = host;
        }

        foreach (string text in parseResult.GetValue(_regionEndpoints) ?? [])
        {
            string[] parts = text.Split('=', 2);
            hosts[parts[0]] = parts.Length == 2 ? ParseHost(text, parts[1]) : null;
        }

        return new ProxyRegions(hosts.ToDictionary(pair => pair.Key, pair => pair.Value is var (host, port)
            ? new KmsEndpoint(host, port, RequireRegion(pair.Key))
            : kms.Endpoints.ForRegion(RequireRegion(pair.Key)) ?? throw UsageError($"No partition has a region {pair.Key}.")));
    }

    private static string RequireRegion(string region) =>
        AwsRegion.IsWellFormed(region) ? region : throw UsageError($"'{region}' is not a region code; write REGION or REGION=HOST (--region-endpoint).");

    private static (string Host, int Port) ParseHost(string option, string host)
    {
        try
        {
            return KmsEndpoint.ParseHost(host);
        }
        catch (FormatException e)
        {
            throw UsageError($"--region-endpoint {option}: {e.Message}.", e);
        }
    }

    private CredentialOrigin ReadOrigin(ParseResult parseResult, Func<string, string?> environment) => parseResult.GetValue(_credentials) switch
    {
        { } text => Enum.Parse<CredentialOrigin>(text, ignoreCase: true),
        null when !string.IsNullOrEmpty(environment("AWS_ACCESS_KEY_ID")) => CredentialOrigin.Environment,
        _ => CredentialOrigin.Imds,
    };

    private static Uri ReadMetadata(Func<string, string?> environment)
    {
        const string Variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
        string text = environment(Variable) is { Length: > 0 } given ? given : InstanceMetadataSource.DefaultEndpoint;
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme == Uri.UriSchemeHttp && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0
            && !DestinationHost.HasZone(text)
            ? uri
            : throw UsageError($"{Variable} '{text}' is not http://HOST[:PORT].");
    }

    private static IPAddress ParseAddress(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (!DestinationHost.HasZone(text) && IPAddress.TryParse(text, out IPAddress? address))
        {
            return address;
        }

        result.AddError($"--listen-address '{text}' is not an IP address without a zone.");
        return IPAddress.Loopback;
    }

    private static CommandFailedException UsageError(string message, Exception? cause = null) => new(ExitCode.WrongUsage, message, cause);
}

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(60, LogLevel.Warning, "{File}:{Line}: the section '{Section}' is not for this program and is ignored")]
    public static partial void SectionIgnored(ILogger logger, string file, long line, string section);
}
