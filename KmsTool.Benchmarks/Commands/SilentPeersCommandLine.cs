using System.CommandLine;
using KmsTool.Benchmarks.Load;
using KmsTool.Benchmarks.Processes;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary>The arguments of <c>silent-peers</c>.</summary>
internal static class SilentPeersCommandLine
{
    public const string Name = "silent-peers";

    private const int OtherDescriptors = 1000;

    public static Command CreateCommand()
    {
        var programs = new Option<string>("--programs") { DefaultValueFactory = _ => "artifacts/bin/linux-x64" };
        Option<int> peers = CommonOptions.Number("--peers", byDefault: 2000, atLeast: 1, atMost: 10_000);
        Option<TimeSpan> duration = CommonOptions.Seconds("--duration", byDefault: 60);
        var command = new Command(Name) { programs, peers, duration };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            int count = parseResult.GetValue(peers);
            OpenFileLimit.Raise(count + OtherDescriptors);
            using var destination = new EchoDestination();
            var options = new LoadOptions
            {
                ProgramDirectory = parseResult.GetRequiredValue(programs),
                Duration = parseResult.GetValue(duration),
                Connections = count,
                MemoryDecrypts = 0,
                IdleConnections = 0,
                Starts = 0,
                ThroughProxy = false,
                EnclaveEnvironment = new Dictionary<string, string>(),
                EnclaveArguments = ["--log-level", "warning", "--egress-port", "0", "--egress-allow", destination.Host, "--egress-route", destination.Route],
            };
            await using Testbed testbed = await Testbed.StartAsync(options, cancellationToken);
            (string text, bool isMet) = await new SilentPeersRun(options, testbed, destination).RunAsync(cancellationToken);
            await Console.Out.WriteAsync(text);
            return (int)(isMet ? ExitCode.Success : ExitCode.OperationFailed);
        });
        return command;
    }
}
