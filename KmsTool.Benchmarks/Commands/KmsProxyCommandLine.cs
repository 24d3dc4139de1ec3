using System.CommandLine;
using KmsTool.Benchmarks.Load;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary>The arguments of <c>kms-proxy</c>.</summary>
internal static class KmsProxyCommandLine
{
    public const string Name = "kms-proxy";

    public static Command CreateCommand()
    {
        var programs = new Option<string>("--programs") { DefaultValueFactory = _ => "artifacts/bin/linux-x64" };
        var quick = new Option<bool>("--quick");
        var throughProxy = new Option<bool>("--through-proxy");
        Option<TimeSpan> duration = CommonOptions.Seconds("--duration", byDefault: 10);
        Option<int> clients = CommonOptions.Number("--clients", byDefault: 64, atLeast: 1, atMost: 512);
        Option<int> calls = CommonOptions.Number("--calls", byDefault: 200_000, atLeast: 0, atMost: 10_000_000);
        var arguments = new Argument<string[]>("ENCLAVE-ARGUMENTS") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(Name) { programs, quick, throughProxy, duration, clients, calls, arguments };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            bool isQuick = parseResult.GetValue(quick);
            var options = new LoadOptions
            {
                ProgramDirectory = parseResult.GetRequiredValue(programs),
                Duration = isQuick ? TimeSpan.FromSeconds(1) : parseResult.GetValue(duration),
                Connections = parseResult.GetValue(clients),
                MemoryDecrypts = isQuick ? 1000 : parseResult.GetValue(calls),
                IdleConnections = 0,
                Starts = 0,
                ThroughProxy = parseResult.GetValue(throughProxy),
                EnclaveEnvironment = new Dictionary<string, string>(),
                EnclaveArguments = parseResult.GetValue(arguments) ?? [],
            };
            await using Testbed testbed = await Testbed.StartAsync(options, cancellationToken);
            using var run = new KmsProxyRun(options, testbed);
            await Console.Out.WriteAsync(await run.RunAsync(cancellationToken));
            return (int)ExitCode.Success;
        });
        return command;
    }
}
