using System.Diagnostics;
using System.Globalization;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>Processes whose parents have ended become the supervisor's, which reaps them.</summary>
public class OrphanTests
{
    [Fact]
    public async Task Orphans_areReapedWhileTheApplicationRuns()
    {
        await using RunningProgram running = SupervisedApplication.Start("""
            for i in $(seq 50); do
                (sleep 0.05 >/dev/null 2>&1 & echo $!)
            done | tr '\n' ' '
            echo orphans
            read line
            exit 7
            """);
        string[] orphans = (await running.WaitForOutputAsync("orphans")).Split(' ')[..^1];

        Assert.Equal(50, orphans.Length);
        foreach (string orphan in orphans)
        {
            await running.WaitForErrorAsync($"Orphaned process {orphan} reaped");
            Assert.False(Directory.Exists("/proc/" + orphan));
        }

        running.CloseInput();
        Assert.Equal(7, (await running.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Orphans_thatLiveOn_doNotHoldTheSupervisor()
    {
        ProgramResult result = await SupervisedApplication.RunAsync("sh", "-c", "(sleep 60 >/dev/null 2>&1 & echo $!); exit 3");

        using var orphan = Process.GetProcessById(int.Parse(result.Output, CultureInfo.InvariantCulture));
        orphan.Kill();
        Assert.Equal(3, result.ExitCode);
    }

    /// <summary>Unless it is undone, the kernel reaps the application itself and tells nobody its status.</summary>
    [Fact]
    public async Task Run_whereChildrenWereIgnored_endsAsTheApplicationDid()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/env", ["--ignore-signal=CHLD", SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--", "sh", "-c", "exit 7"]);

        Assert.Equal((7, ""), (result.ExitCode, result.Error));
    }

    [RootFact]
    public async Task FirstProcess_reapsOrphansAndEndsAsTheApplicationDid()
    {
        await using RunningProgram running = StartAsFirstProcess(Run("""
            echo child of $PPID
            (sleep 0.05 >/dev/null 2>&1 & echo orphan $!)
            read line
            exit 7
            """));
        string orphan = (await running.WaitForOutputAsync("orphan")).Split(' ')[1];
        await running.WaitForErrorAsync($"Orphaned process {orphan} reaped");

        running.CloseInput();
        ProgramResult result = await running.WaitForExitAsync();

        Assert.Equal(7, result.ExitCode);
        Assert.StartsWith("child of 1\n", result.Output, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task FirstProcess_forwardsSignals()
    {
        await using RunningProgram running = StartAsFirstProcess(Run("kill -TERM 1; exec sleep 60"));

        Assert.Equal(128 + 15, (await running.WaitForExitAsync()).ExitCode);
    }

    /// <summary>The runtime reaps all children of PID 1, too, from when Console is used.</summary>
    [RootFact]
    public async Task FirstProcess_thatUsesConsole_learnsTheStatusOfTheApplication()
    {
        await using RunningProgram running = StartAsFirstProcess(
            [ProgramRunner.Dotnet, .. SupervisorProgram.Aborting("trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done")]);
        await running.WaitForOutputAsync("ready");

        running.Input.Write("abort\n"u8);
        running.CloseInput();

        Assert.Equal(6, (await running.WaitForExitAsync()).ExitCode);
    }

    private static string[] Run(string script) => [SupervisedApplication.Program, .. SupervisedApplication.Run("debug"), "--", "sh", "-c", script];

    /// <summary>In a PID namespace of its own, as in an enclave (unshare(1)).</summary>
    private static RunningProgram StartAsFirstProcess(string[] command) =>
        ProgramRunner.Start("/usr/bin/unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", "--", .. command]);
}
