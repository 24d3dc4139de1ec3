using System.CommandLine;
using KmsTool.Benchmarks.Load;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary>The arguments of <c>load</c>.</summary>
internal sealed class LoadCommandLine
{
    public const string Name = "load";

    private readonly Option<string> _programs = new("--programs") { DefaultValueFactory = _ => "artifacts/bin/linux-x64" };
    private readonly Option<bool> _quick = new("--quick");
    private readonly Option<bool> _throughProxy = new("--through-proxy");
    private readonly Option<TimeSpan> _duration = CommonOptions.Seconds("--duration", byDefault: 10, atLeast: 0);
    private readonly Option<int> _connections = CommonOptions.Number("--connections", byDefault: 64, atLeast: 1, atMost: 1024);
    private readonly Option<int> _decrypts = CommonOptions.Number("--decrypts", byDefault: 100_000, atLeast: 0, atMost: 10_000_000);
    private readonly Option<int> _idle = CommonOptions.Number("--idle", byDefault: 10_000, atLeast: 0, atMost: 16_000);
    private readonly Option<int> _starts = CommonOptions.Number("--starts", byDefault: 15, atLeast: 0, atMost: 1000);
    private readonly Option<KeyValuePair<string, string>[]> _enclaveEnvironment = EnvironmentOption.Create("--enclave-env");
    private readonly Argument<string[]> _enclaveArguments = new("ENCLAVE-ARGUMENTS") { Arity = ArgumentArity.ZeroOrMore };

    public Command CreateCommand()
    {
        var command = new Command(Name)
        {
            _programs, _quick, _throughProxy, _duration, _connections, _decrypts, _idle, _starts, _enclaveEnvironment, _enclaveArguments,
        };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            LoadOptions options = Read(parseResult);
            await using Testbed testbed = await Testbed.StartAsync(options, cancellationToken);
            using var run = new LoadRun(options, testbed);
            await Console.Out.WriteAsync((await run.RunAsync(cancellationToken)).ToString());
            return (int)ExitCode.Success;
        });
        return command;
    }

    private LoadOptions Read(ParseResult parseResult)
    {
        var options = new LoadOptions
        {
            ProgramDirectory = parseResult.GetRequiredValue(_programs),
            Duration = parseResult.GetValue(_duration),
            Connections = parseResult.GetValue(_connections),
            MemoryDecrypts = parseResult.GetValue(_decrypts),
            IdleConnections = parseResult.GetValue(_idle),
            Starts = parseResult.GetValue(_starts),
            ThroughProxy = parseResult.GetValue(_throughProxy),
            EnclaveEnvironment = new Dictionary<string, string>(parseResult.GetValue(_enclaveEnvironment) ?? []),
            EnclaveArguments = parseResult.GetValue(_enclaveArguments) ?? [],
        };
        return parseResult.GetValue(_quick)
            ? options with { Duration = TimeSpan.FromSeconds(1), MemoryDecrypts = 1000, IdleConnections = 100, Starts = 3 }
            : options;
    }
}
