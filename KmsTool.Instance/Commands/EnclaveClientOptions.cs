using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>The options of every command that talks to an enclave.</summary>
internal sealed class EnclaveClientOptions
{
    private readonly Option<string> _cid = new("--cid", "-c") { Required = true };
    private readonly Option<uint?> _port = new("--port", "-p") { CustomParser = CommonOptions.ParseVsockPort };
    private readonly VsockBufferOption _vsockBuffer = new();
    private readonly Option<TimeSpan> _timeout = CommonOptions.Seconds("--timeout", byDefault: 60);
    private readonly LogLevelOption _logLevel = new(LogLevel.Warning);
    private readonly Option<string?> _region = new("--region", "-r");
    private readonly AwsCredentialOptions? _credentials;
    private readonly bool _findsRegion;

    /// <param name="withCredentials">Whether the command uses KMS, for which the enclave needs credentials and a region.</param>
    /// <param name="findsRegion">Whether a region is looked for where --region is absent.</param>
    public EnclaveClientOptions(bool withCredentials, bool findsRegion = true)
    {
        _credentials = withCredentials ? new AwsCredentialOptions() : null;
        _findsRegion = findsRegion;
    }

    public void AddTo(Command command)
    {
        command.Add(_cid);
        command.Add(_port);
        _vsockBuffer.AddTo(command);
        command.Add(_timeout);
        _logLevel.AddTo(command);
        if (_credentials is null)
        {
            return;
        }

        command.Add(_region);
        _credentials.AddTo(command);
    }

    /// <exception cref="CommandFailedException">The options contradict each other, or a value makes no sense.</exception>
    public EnclaveClientSettings Bind(ParseResult parseResult)
    {
        string? region = _credentials is null ? null : CommonOptions.ReadRegion(parseResult, _region);
        TimeSpan timeout = parseResult.GetValue(_timeout);
        return new EnclaveClientSettings
        {
            Address = EnclaveAddress.Parse(parseResult.GetRequiredValue(_cid), parseResult.GetValue(_port)),
            Sockets = _vsockBuffer.Read(parseResult, Environment.GetEnvironmentVariable),
            Region = region,
            FindsRegion = _findsRegion,
            Credentials = _credentials?.Bind(parseResult, region, timeout, Environment.GetEnvironmentVariable),
            Timeout = timeout,
            LogLevel = _logLevel.Read(parseResult),
        };
    }
}

/// <summary>Reads <c>--cid</c> and <c>--port</c>.</summary>
internal static class EnclaveAddress
{
    /// <summary>Where kmstool-enclave listens unless told otherwise.</summary>
    public const uint DefaultPort = 3000;

    /// <param name="cid">A CID (decimal, or hexadecimal after 0x), or an address in full.</param>
    /// <param name="port">vsock port; <see langword="null"/> for the default. Not together with an address in full.</param>
    /// <exception cref="CommandFailedException">Not something that can be connected to.</exception>
    public static StreamAddress Parse(string cid, uint? port)
    {
        if (StreamAddress.TryParseNumber(cid, out uint number))
        {
            return number is not 0 and not VsockEndPoint.AnyCid
                ? new StreamAddress.Vsock(number, port ?? DefaultPort)
                : throw UsageError($"--cid {cid} is not an enclave's CID; 'nitro-cli describe-enclaves' prints it as EnclaveCID.");
        }

        if (!StreamAddress.TryParse(cid, out StreamAddress? address, out _) ||
            address is StreamAddress.Vsock { Cid: 0 or VsockEndPoint.AnyCid } or StreamAddress.Vsock { Port: 0 or VsockEndPoint.AnyPort }
                or StreamAddress.Tcp { Port: 0 })
        {
            throw UsageError($"--cid '{cid}' is neither a CID nor an address; use a number, vsock:CID:PORT, unix:/path or tcp:HOST:PORT.");
        }

        return port is null
            ? address
            : throw UsageError($"--port goes with a CID only; the address {cid} is complete.");
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}

/// <summary>Which enclave a command talks to and on whose behalf, checked.</summary>
internal sealed record EnclaveClientSettings
{
    public required StreamAddress Address { get; init; }

    /// <summary>Options of the sockets that connect there.</summary>
    public StreamSocketOptions Sockets { get; init; } = StreamSocketOptions.Default;

    /// <summary>The region that the user names: an enclave with a region of its own refuses it.</summary>
    public string? Region { get; init; }

    /// <summary>Whether a region is looked for where the user names none.</summary>
    public bool FindsRegion { get; init; } = true;

    /// <summary><see langword="null"/> for commands that need none.</summary>
    public AwsCredentialSettings? Credentials { get; init; }

    /// <summary>Bounds connecting, and the wait for each reply.</summary>
    public TimeSpan Timeout { get; init; }

    public LogLevel LogLevel { get; init; }
}
