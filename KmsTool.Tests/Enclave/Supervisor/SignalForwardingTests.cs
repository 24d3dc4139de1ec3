using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>Signals of the supervisor go to the application, and it alone decides on its end.</summary>
public class SignalForwardingTests
{
    private const int SigTerm = 15;

    [Theory]
    [InlineData("TERM", SigTerm)]
    [InlineData("INT", 2)]
    [InlineData("HUP", 1)]
    [InlineData("QUIT", 3)]
    [InlineData("USR1", 10)]
    [InlineData("USR2", 12)]
    [InlineData("WINCH", 28)]
    [InlineData("CONT", 18)]
    public async Task Signal_reachesTheApplication(string name, int number)
    {
        await using RunningProgram running = SupervisedApplication.Start(CountTo(1, name));
        await running.WaitForOutputAsync("ready");

        running.Send(number);
        ProgramResult result = await running.WaitForExitAsync();

        Assert.Equal((5, "ready\ngot 1\n"), (result.ExitCode, result.Output));
        Assert.Contains($"SIG{name} forwarded to the application", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", SigTerm)]
    [InlineData("INT", 2)]
    public async Task Signals_neverEndTheSupervisorBeforeTheApplication(string name, int number)
    {
        await using RunningProgram running = SupervisedApplication.Start(CountTo(3, name));
        await running.WaitForOutputAsync("ready");

        for (int i = 1; i <= 3; i++)
        {
            running.Send(number);
            await running.WaitForOutputAsync($"got {i}");
        }

        Assert.Equal(5, (await running.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Signal_thatTheApplicationDoesNotTake_endsBoth()
    {
        await using RunningProgram running = SupervisedApplication.Start("echo ready; exec sleep 60");
        await running.WaitForOutputAsync("ready");

        running.Terminate();
        ProgramResult result = await running.WaitForExitAsync();

        Assert.Equal(128 + SigTerm, result.ExitCode);
        Assert.Contains("Application ended by SIGTERM", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signal_beforeTheApplication_isDeliveredToIt()
    {
        await using RunningProgram running = ProgramRunner.Start(ProgramRunner.Dotnet, SupervisorProgram.Late("exec sleep 60"));
        await running.WaitForOutputAsync("waiting");

        running.Terminate();

        Assert.Equal(128 + SigTerm, (await running.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Interrupt_byTheTerminal_reachesTheApplicationOnce()
    {
        await using RunningProgram terminal = SupervisedApplication.StartOnTerminal(
            [SupervisedApplication.Program, .. SupervisedApplication.Run("debug"), "--", "sh", "-c", CountTo(1, "INT", "read line; exit 5")]);
        await terminal.WaitForOutputAsync("ready");

        // Ctrl+C.
        terminal.Input.WriteByte(3);
        terminal.Input.Flush();
        await terminal.WaitForOutputAsync("got 1");
        await terminal.WaitForOutputAsync("SIGINT is the terminal's");
        terminal.Input.WriteByte((byte)'\n');
        terminal.Input.Flush();
        ProgramResult result = await terminal.WaitForExitAsync();

        Assert.Equal(5, result.ExitCode);
        Assert.DoesNotContain("forwarded", result.Output, StringComparison.Ordinal);
    }

    /// <summary>A script that tells each time it has a signal, and after so many times does the last command.</summary>
    /// <remarks>It does not wait(1p): a signal just before would be told of, and the wait go on.</remarks>
    private static string CountTo(int times, string signal, string last = "exit 5") => $"""
        n=0
        trap "n=\$((n+1)); echo got \$n" {signal}
        echo ready
        while [ $n -lt {times} ]; do sleep 0.05; done
        {last}
        """;
}
