using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that every command with KMS takes, each with its environment variables.</summary>
internal sealed class KmsOptions
{
    private const uint DefaultProxyPort = 8000;
    private const string Fixed = "fixed";
    private const string Connect = "connect";

    private readonly string[] _regionVariables;
    private readonly Option<string?> _region = new("--region", "-r");
    private readonly Option<uint?> _proxyPort = new("--proxy-port", "-x") { CustomParser = CommonOptions.ParseVsockPort };
    private readonly Option<StreamAddress?> _proxy = CommonOptions.Address("--proxy");
    private readonly Option<string> _proxyMode = new("--proxy-mode") { DefaultValueFactory = _ => Fixed };
    private readonly Option<string?> _nsm = new("--nsm");
    private readonly Option<string?> _kmsEndpoint = new("--kms-endpoint");
    private readonly Option<bool> _fips = new("--fips");
    private readonly Option<string?> _caBundle = new("--ca-bundle");
    private readonly VsockBufferOption _vsockBuffer = new();

    /// <param name="regionVariables">Environment variables that name the region, the first one first.</param>
    public KmsOptions(params string[] regionVariables)
    {
        _regionVariables = regionVariables;
        _proxyMode.AcceptOnlyFromAmong(Fixed, Connect);
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_region, _proxyPort, _proxy, _proxyMode, _nsm, _kmsEndpoint, _fips, _caBundle])
        {
            command.Add(option);
        }

        _vsockBuffer.AddTo(command);
    }

    /// <summary>Options first, then the environment names that AWS's sample and the AWS SDKs know.</summary>
    /// <exception cref="CommandFailedException">Two options contradict each other, or a value is malformed.</exception>
    public KmsSettings Bind(ParseResult parseResult, Func<string, string?> environment)
    {
        string? region = CommonOptions.ReadRegion(parseResult, _region) ?? First(environment, _regionVariables);
        if (region is not null && !AwsRegion.IsWellFormed(region))
        {
            throw UsageError($"'{region}' is not a region code; give one like eu-central-1 with --region or {string.Join(" or ", _regionVariables)}.");
        }

        return new KmsSettings
        {
            Proxy = ReadProxy(parseResult),
            ProxyTakesConnect = parseResult.GetRequiredValue(_proxyMode) == Connect,
            Sockets = _vsockBuffer.Read(parseResult, environment),
            Nsm = parseResult.GetValue(_nsm) ?? First(environment, "KMSTOOL_NSM") ?? NsmDevice.DefaultPath,
            Region = region,
            Endpoints = ReadEndpoints(parseResult, environment),
            CaBundle = parseResult.GetValue(_caBundle) ?? First(environment, "AWS_CA_BUNDLE", "SSL_CERT_FILE") ?? TrustAnchors.DefaultPath,
        };
    }

    /// <summary>An address in full, or a vsock port of <paramref name="cid"/>.</summary>
    /// <exception cref="CommandFailedException">Both are given.</exception>
    public static StreamAddress ChooseAddress(
        ParseResult parseResult, Option<StreamAddress?> address, Option<uint?> port, uint cid, uint defaultPort)
    {
        StreamAddress? whole = parseResult.GetValue(address);
        uint? vsockPort = parseResult.GetValue(port);
        if (whole is not null && vsockPort is not null)
        {
            throw UsageError($"{address.Name} and {port.Name} say the same; give one of them.");
        }

        return whole ?? new StreamAddress.Vsock(cid, vsockPort ?? defaultPort);
    }

    private StreamAddress ReadProxy(ParseResult parseResult)
    {
        StreamAddress proxy = ChooseAddress(parseResult, _proxy, _proxyPort, VsockEndPoint.ParentCid, DefaultProxyPort);
        return proxy is StreamAddress.Vsock { Cid: VsockEndPoint.AnyCid } or StreamAddress.Vsock { Port: 0 } or StreamAddress.Tcp { Port: 0 }
            ? throw UsageError($"--proxy {proxy} can be listened on but not connected to; the parent is vsock:3:PORT.")
            : proxy;
    }

    private KmsEndpoints ReadEndpoints(ParseResult parseResult, Func<string, string?> environment)
    {
        string? text = parseResult.GetValue(_kmsEndpoint) ?? First(environment, "ENDPOINT") ?? ReadSdkEndpoint(environment);
        bool fips = parseResult.GetValue(_fips)
            || string.Equals(environment("AWS_USE_FIPS_ENDPOINT"), "true", StringComparison.OrdinalIgnoreCase);
        if (fips && text is not null)
        {
            throw UsageError($"--fips (or AWS_USE_FIPS_ENDPOINT) chooses the endpoint, and '{text}' names one (--kms-endpoint, ENDPOINT or AWS_ENDPOINT_URL_KMS); give one of them.");
        }

        try
        {
            return new KmsEndpoints(text is null ? null : KmsEndpoint.ParseHost(text), fips);
        }
        catch (FormatException e)
        {
            throw UsageError(e.Message + " (--kms-endpoint, ENDPOINT or AWS_ENDPOINT_URL_KMS).");
        }
    }

    // `run` leads an application's AWS SDK to the KMS proxy by both variables. A command that the application starts goes to
    // KMS itself: it has an attestation document of its own and needs no proxy.
    private static string? ReadSdkEndpoint(Func<string, string?> environment) =>
        First(environment, "AWS_ENDPOINT_URL_KMS") is { } url
        && !(url.StartsWith("http:", StringComparison.OrdinalIgnoreCase) && url == environment("AWS_KMS_ENDPOINT"))
            ? url
            : null;

    // The original takes an empty variable for one that is not set.
    private static string? First(Func<string, string?> environment, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (environment(name) is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
