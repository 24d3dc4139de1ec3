using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>
/// An application under <c>kmstool-enclave run</c>, in a process of its own: a supervisor reaps every child of its process,
/// those of other tests, too.
/// </summary>
internal static class SupervisedApplication
{
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "kmstool-enclave");

    /// <summary>Starts a shell's script under a supervisor that logs all it does.</summary>
    public static RunningProgram Start(string script) =>
        ProgramRunner.Start(Program, ["run", "--log-level", "debug", "--", "sh", "-c", script]);

    /// <summary>Runs an application to its end under a supervisor that logs nothing.</summary>
    public static Task<ProgramResult> RunAsync(params string[] application) =>
        ProgramRunner.RunAsync(Program, ["run", "--log-level", "none", "--", .. application]);

    /// <summary>Starts a command, in which there are no single quotes, on a terminal of its own (script(1)).</summary>
    public static RunningProgram StartOnTerminal(IEnumerable<string> command) =>
        ProgramRunner.Start("/usr/bin/script", ["-qec", $"exec {string.Join(' ', command.Select(argument => $"'{argument}'"))}", "/dev/null"]);
}
