using System.CommandLine;
using KmsTool.Benchmarks.Micro;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary><c>timing</c>: whether one failure around key material can be told from another by its time.</summary>
internal static class TimingCommandLine
{
    public const string Name = "timing";

    public static Command CreateCommand()
    {
        Option<int> runs = CommonOptions.Number("--runs", byDefault: 20_000, atLeast: 100, atMost: 1_000_000);
        var command = new Command(Name) { runs };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            using var times = new FailureTimes();
            await Console.Out.WriteAsync(times.Run(parseResult.GetValue(runs), cancellationToken));
            return (int)ExitCode.Success;
        });
        return command;
    }
}
