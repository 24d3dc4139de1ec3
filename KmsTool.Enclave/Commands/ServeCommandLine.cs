using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>The arguments of serve, which the program takes with and without the word <c>serve</c>.</summary>
internal sealed class ServeCommandLine
{
    public const string Name = "serve";

    private const uint DefaultPort = 3000;

    private readonly KmsOptions _kms = new("REGION");
    private readonly PinOptions _pins = new();
    private readonly StartupOptions _startup = new();
    private readonly Option<uint?> _port = new("--port", "-p") { CustomParser = CommonOptions.ParseListeningVsockPort };
    private readonly Option<StreamAddress?> _listen = CommonOptions.Address("--listen");
    private readonly Option<TimeSpan> _attestationTtl = CommonOptions.Seconds("--attestation-ttl", byDefault: 30, atLeast: 0);
    private readonly Option<TimeSpan> _keyLifetime = CommonOptions.Seconds("--key-lifetime", byDefault: 3600, atLeast: 60);
    private readonly DaemonLimitOptions _limits = new("--max-connections");
    private readonly Option<TimeSpan> _requestTimeout = CommonOptions.Seconds("--request-timeout", new DaemonLimits().RequestTimeout.TotalSeconds);
    private readonly LogLevelOption _logLevel = new(LogLevel.Information);

    public Command CreateCommand()
    {
        var command = new Command(Name);
        AddTo(command);
        return command;
    }

    public void AddTo(Command command)
    {
        _kms.AddTo(command);
        _pins.AddTo(command);
        _startup.AddTo(command);
        _limits.AddTo(command);
        Option[] options = [_port, _listen, _attestationTtl, _keyLifetime, _requestTimeout];
        foreach (Option option in options)
        {
            command.Add(option);
        }

        _logLevel.AddTo(command);

        command.SetAction(async (parseResult, cancellationToken) =>
        {
            await ServeAction.RunAsync(Bind(parseResult, Environment.GetEnvironmentVariable), cancellationToken);
            return (int)ExitCode.Success;
        });
    }

    /// <summary>Options first, then the environment names that AWS's sample and the AWS SDKs know.</summary>
    /// <exception cref="CommandFailedException">Two options contradict each other, or a value is malformed.</exception>
    public ServeSettings Bind(ParseResult parseResult, Func<string, string?> environment)
    {
        KmsSettings kms = _kms.Bind(parseResult, environment);
        return new ServeSettings
        {
            Listen = KmsOptions.ChooseAddress(parseResult, _listen, _port, VsockEndPoint.AnyCid, DefaultPort),
            Kms = kms with
            {
                Pins = _pins.Bind(parseResult, environment, kms.Region),
                Recipient = new RecipientSettings(parseResult.GetValue(_attestationTtl), parseResult.GetValue(_keyLifetime)),
                Startup = _startup.Bind(parseResult, environment),
            },
            Disclosure = _pins.ReadDisclosure(parseResult),
            Limits = _limits.Bind(parseResult, parseResult.GetValue(_requestTimeout)),
            LogLevel = _logLevel.Read(parseResult),
        };
    }
}
