using System.Diagnostics;
using System.Globalization;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>Processes whose parents have ended become the supervisor's, which reaps them.</summary>
public class OrphanTests
{
    /// <summary>Runs a command as PID 1 of a namespace of its own, as in an enclave (unshare(1)).</summary>
    private static readonly string[] FirstProcess = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];

    /// <summary>
    /// A script that leaves orphans, which end when stdin does, and ends itself when the last one has been reaped: until then
    /// even a dead process can be signalled.
    /// </summary>
    private const string LeaveOrphans = """
        exec 3<&0
        for i in $(seq 50); do
            orphans="$orphans $(sh -c 'read line' <&3 >/dev/null 2>&1 & echo $!)"
        done
        echo children of $PPID:$orphans
        for orphan in $orphans; do
            while kill -0 $orphan 2>/dev/null; do sleep 0.05; done
        done
        exit 7
        """;

    [Fact]
    public async Task Orphans_areReapedWhileTheApplicationRuns()
    {
        await using RunningProgram running = SupervisedApplication.Start(LeaveOrphans);

        await AssertOrphansAreReapedAsync(running, parent: running.Id);
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
        await using RunningProgram running = StartAsFirstProcess(LeaveOrphans);

        await AssertOrphansAreReapedAsync(running, parent: 1);
    }

    [RootFact]
    public async Task FirstProcess_forwardsSignals()
    {
        await using RunningProgram running = StartAsFirstProcess("kill -TERM 1; exec sleep 60");

        Assert.Equal(128 + 15, (await running.WaitForExitAsync()).ExitCode);
    }

    [RootFact]
    public async Task FirstProcess_runsTheApplicationAsAnotherUser()
    {
        await using RunningProgram running = StartAsFirstProcess("id -u; echo of $PPID", "--user", "4321");

        ProgramResult result = await running.WaitForExitAsync();

        Assert.Equal((0, "4321\nof 1\n"), (result.ExitCode, result.Output));
    }

    /// <summary>When Console is used on a terminal, the runtime would reap all children of PID 1, too.</summary>
    [RootFact]
    public async Task FirstProcess_thatUsesConsole_learnsTheStatusOfTheApplication()
    {
        await using RunningProgram terminal = SupervisedApplication.StartOnTerminal(
        [
            .. FirstProcess, ProgramRunner.Dotnet,
            .. SupervisorProgram.Aborting("trap \"exit 6\" TERM; echo ready; while :; do sleep 0.05; done"),
        ]);
        await terminal.WaitForOutputAsync("ready");

        terminal.Input.Write("abort\n"u8);
        terminal.Input.Flush();

        Assert.Equal(6, (await terminal.WaitForExitAsync()).ExitCode);
    }

    private static RunningProgram StartAsFirstProcess(string script, params string[] options) => ProgramRunner.Start(
        FirstProcess[0], [.. FirstProcess[1..], SupervisedApplication.Program, .. SupervisedApplication.Run("debug"), .. options, "--", "sh", "-c", script]);

    private static async Task AssertOrphansAreReapedAsync(RunningProgram running, int parent)
    {
        string orphans = await running.WaitForOutputAsync("children of");
        running.CloseInput();
        ProgramResult result = await running.WaitForExitAsync();

        Assert.Equal(7, result.ExitCode);
        Assert.StartsWith($"children of {parent}: ", orphans, StringComparison.Ordinal);
        Assert.All(orphans.Split(": ")[1].Split(' '), orphan =>
            Assert.Contains($"Orphaned process {orphan} reaped", result.Error, StringComparison.Ordinal));
    }
}
