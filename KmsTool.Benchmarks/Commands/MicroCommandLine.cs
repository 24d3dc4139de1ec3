using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary><c>micro</c>, whose further arguments are BenchmarkDotNet's.</summary>
internal static class MicroCommandLine
{
    public const string Name = "micro";

    public static Command CreateCommand()
    {
        var command = new Command(Name) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(parseResult =>
        {
            // In this process: a project generated elsewhere would not see the settings of this one.
            IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
            string[] arguments = parseResult.UnmatchedTokens is { Count: > 0 } given ? [.. given] : ["--filter", "*"];
            BenchmarkSwitcher.FromAssembly(typeof(MicroCommandLine).Assembly).Run(arguments, config);
            return (int)ExitCode.Success;
        });
        return command;
    }
}
