using System.CommandLine;
using KmsTool.CommandLine;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary>The options of every command that talks to an enclave.</summary>
internal sealed class EnclaveArguments
{
    private readonly Option<string> _cid = new("--cid", "-c") { Required = true };
    private readonly Option<uint?> _port = new("--port", "-p") { CustomParser = CommonOptions.ParseVsockPort };
    private readonly VsockBufferOption _vsockBuffer = new();
    private readonly Option<TimeSpan> _timeout = CommonOptions.Seconds("--timeout", byDefault: 60);
    private readonly LogLevelOption _logLevel = new(LogLevel.Warning);
    private readonly Option<string?> _region = new("--region", "-r");
    private readonly CredentialArguments? _credentials;
    private readonly bool _findsRegion;

    /// <param name="withCredentials">Whether the command uses KMS, for which the enclave needs credentials and a region.</param>
    /// <param name="findsRegion">Whether a region is looked for where --region is absent.</param>
    public EnclaveArguments(bool withCredentials, bool findsRegion = true)
    {
        _credentials = withCredentials ? new CredentialArguments() : null;
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
    public EnclaveRequest Bind(ParseResult parseResult)
    {
        string? region = _credentials is null ? null : CommonOptions.ReadRegion(parseResult, _region);
        TimeSpan timeout = parseResult.GetValue(_timeout);
        return new EnclaveRequest
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
