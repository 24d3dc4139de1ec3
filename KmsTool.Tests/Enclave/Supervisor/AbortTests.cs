using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>The end of an application when something that it needs has failed.</summary>
public class AbortTests
{
    [Fact]
    public async Task Abort_asksTheApplicationToEnd()
    {
        ProgramResult result = await AbortAsync("sleep 60 >/dev/null 2>&1 & trap 'kill $!; exit 6' TERM; echo ready; wait");

        Assert.Equal(6, result.ExitCode);
        Assert.DoesNotContain("killed", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Abort_whenTheApplicationDoesNotEnd_killsIt()
    {
        ProgramResult result = await AbortAsync("trap '' TERM; echo ready; exec sleep 60", TimeSpan.FromSeconds(0.1));

        Assert.Equal(128 + 9, result.ExitCode);
        Assert.Contains("Application has not ended within 0.1 s and is killed", result.Error, StringComparison.Ordinal);
    }

    private static async Task<ProgramResult> AbortAsync(string script, TimeSpan? graceTime = null)
    {
        await using RunningProgram running = ProgramRunner.Start(ProgramRunner.Dotnet, SupervisorProgram.Aborting(script, graceTime));
        await running.WaitForOutputAsync("ready");
        running.Input.Write("abort\n"u8);
        running.CloseInput();
        return await running.WaitForExitAsync();
    }
}
