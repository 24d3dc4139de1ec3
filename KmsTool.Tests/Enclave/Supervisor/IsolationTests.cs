using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>What the application may do, of which user it is, and that it ends with its supervisor.</summary>
public sealed class IsolationTests : IDisposable
{
    private const int SigKill = 9;

    private const string NoRights = """
        CapInh:	0000000000000000
        CapPrm:	0000000000000000
        CapEff:	0000000000000000
        CapBnd:	0000000000000000
        CapAmb:	0000000000000000
        NoNewPrivs:	1

        """;

    private static readonly string[] ShowRights = ["grep", "-E", "^(Cap|NoNewPrivs)", "/proc/self/status"];

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [RootFact]
    public async Task Run_withAUser_isThatUserWithItsGroupAlone()
    {
        ProgramResult result = await RunAsync(["--user", "4321:8765"], "grep", "-E", "^(Uid|Gid|Groups):", "/proc/self/status");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal("Uid:\t4321\t4321\t4321\t4321\nGid:\t8765\t8765\t8765\t8765\nGroups:\t \n", result.Output);
    }

    [RootFact]
    public async Task Run_withAUser_leavesNoCapabilities()
    {
        ProgramResult result = await RunAsync(["--user", "4321"], ShowRights);

        Assert.Equal((0, NoRights), (result.ExitCode, result.Output));
    }

    /// <summary>Of a supervisor that has groups, and inheritable and ambient capabilities, which execve(2) would hand on.</summary>
    [RootFact]
    public async Task Run_withoutAUser_leavesNoCapabilitiesEither()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/setpriv",
            ["--inh-caps", "+net_admin,+chown", "--ambient-caps", "+net_admin", "--", SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--", .. ShowRights]);

        Assert.Equal((0, NoRights), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_byAnUnprivilegedSupervisor_gainsNothing()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/setpriv",
            [
                "--bounding-set", "-setpcap", "--inh-caps", "-setpcap", "--", SupervisedApplication.Program, .. SupervisedApplication.Run("none"),
                "--", "grep", "-E", "^(CapPrm|CapEff|NoNewPrivs)", "/proc/self/status",
            ]);

        Assert.Equal((0, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n"), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_withAUser_handsOnNoDescriptorsButTheStandardOnes()
    {
        // The 3 is the directory that ls reads.
        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh",
            ["-c", "exec 5</dev/null; exec \"$@\" -- ls /proc/self/fd", "sh", SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--user", "4321"]);

        Assert.Equal((0, "0\n1\n2\n3\n"), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_withAUser_sendsItSignals()
    {
        await using RunningProgram running = ProgramRunner.Start(
            SupervisedApplication.Program, [.. SupervisedApplication.Run("none"), "--user", "4321", "--", "sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"]);
        await running.WaitForOutputAsync("ready");

        running.Terminate();

        Assert.Equal(5, (await running.WaitForExitAsync()).ExitCode);
    }

    [RootFact]
    public async Task Run_withAUser_setsItsHome()
    {
        ProgramResult result = await RunAsync(["--user", "4321"], "sh", "-c", "echo $HOME");

        Assert.Equal("/\n", result.Output);
    }

    [RootFact]
    public async Task Run_ofWhatTheUserMayNotExecute_endsWith126()
    {
        File.WriteAllText(_directory["program"], "#!/bin/sh\n");
        File.SetUnixFileMode(_directory["program"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        ProgramResult result = await RunAsync(["--user", "4321"], _directory["program"]);

        Assert.Equal(126, result.ExitCode);
    }

    /// <summary>It has the pipe of its output, which would not end before it.</summary>
    [Fact]
    public async Task Application_isKilledWithItsSupervisor() => await KillAsync([]);

    [RootFact]
    public async Task Application_ofAUser_isKilledWithItsSupervisor() => await KillAsync(["--user", "4321"]);

    [Fact]
    public async Task Launcher_whoseSupervisorHasEnded_startsNothing()
    {
        ProgramResult result = await ProgramRunner.RunAsync(SupervisedApplication.Program, ["launch-application", "1", "", "", "echo", "started"]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_ofAnUnknownUser_isWrongUsage()
    {
        ProgramResult result = await RunAsync(["--user", "no-such-user"], "true");

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_withAUser_byAnotherThanRoot_isWrongUsage()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/setpriv", ["--reuid", "4321", "--clear-groups", "--", SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--user", "4322", "--", "true"]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
    }

    [RootFact]
    public async Task Run_withAUser_byRootThatMayNotChangeIt_startsNothing()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/setpriv",
            ["--bounding-set", "-setuid", "--inh-caps", "-setuid", "--", SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--user", "4321", "--", "echo", "started"]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("4321", result.Error, StringComparison.Ordinal);
    }

    /// <summary>The launcher has a variable that is not the application's.</summary>
    [Theory]
    [InlineData("--unset=DOTNET_EnableDiagnostics", "unset")]
    [InlineData("DOTNET_EnableDiagnostics=0", "0")]
    [InlineData("DOTNET_EnableDiagnostics=1", "1")]
    public async Task Run_handsOnNoVariableOfTheLauncher(string given, string expected)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/env",
            [
                given, SupervisedApplication.Program, .. SupervisedApplication.Run("none"),
                "--", "sh", "-c", "echo ${DOTNET_EnableDiagnostics-unset}",
            ]);

        Assert.Equal(expected + "\n", result.Output);
    }

    /// <summary>A program that becomes another one leaves the socket of its port behind, so that the application finds it.</summary>
    [Theory]
    [InlineData("--unset=DOTNET_EnableDiagnostics")]
    [InlineData("DOTNET_EnableDiagnostics=1")]
    public async Task Launcher_opensNoDiagnosticsPort(string given)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/env", [given, "TMPDIR=" + _directory.Path, SupervisedApplication.Program, .. SupervisedApplication.Run("none"), "--", "ls", _directory.Path]);

        Assert.Equal((0, ""), (result.ExitCode, result.Output));
    }

    private static async Task KillAsync(string[] options)
    {
        await using RunningProgram running = ProgramRunner.Start(
            SupervisedApplication.Program, [.. SupervisedApplication.Run("none"), .. options, "--", "sh", "-c", "echo ready; exec sleep 300"]);
        await running.WaitForOutputAsync("ready");

        running.Send(SigKill);

        Assert.Equal(128 + SigKill, (await running.WaitForExitAsync()).ExitCode);
    }

    private static Task<ProgramResult> RunAsync(string[] options, params string[] application) =>
        ProgramRunner.RunAsync(SupervisedApplication.Program, [.. SupervisedApplication.Run("none"), .. options, "--", .. application]);
}
