using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>
/// An application under <c>kmstool-enclave run</c>, in a process of its own: a supervisor reaps every child of its process,
/// those of other tests, too. Nothing but the application is run: the manifest is empty.
/// </summary>
internal static class SupervisedApplication
{
    // One for all tests, and to the end of their process; nobody changes anything there.
    private static readonly Lazy<RunningSimulator> Enclave = new(() =>
    {
        RunningSimulator simulator = RunningSimulator.StartAsync().GetAwaiter().GetResult();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => simulator.DisposeAsync().AsTask().GetAwaiter().GetResult();
        File.WriteAllText(Path.Combine(simulator.Host.Files.Directory, "enclaver.yaml"), "");
        return simulator;
    });

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "kmstool-enclave");

    /// <summary>The command with all that stands before <c>-- COMMAND</c>.</summary>
    public static string[] Run(string logLevel) =>
    [
        "run", "--config", Path.Combine(Enclave.Value.Host.Files.Directory, "enclaver.yaml"), "--nsm", Enclave.Value.Host.NsmAddress.ToString(),
        "--log-level", logLevel,
    ];

    /// <summary>Starts a shell's script under a supervisor that logs all it does.</summary>
    public static RunningProgram Start(string script) => ProgramRunner.Start(Program, [.. Run("debug"), "--", "sh", "-c", script]);

    /// <summary>Runs an application to its end under a supervisor that logs nothing.</summary>
    public static Task<ProgramResult> RunAsync(params string[] application) =>
        ProgramRunner.RunAsync(Program, [.. Run("none"), "--", .. application]);

    /// <summary>Starts a command, in which there are no single quotes, on a terminal of its own (script(1)).</summary>
    public static RunningProgram StartOnTerminal(IEnumerable<string> command) =>
        ProgramRunner.Start("/usr/bin/script", ["-qec", $"exec {string.Join(' ', command.Select(argument => $"'{argument}'"))}", "/dev/null"]);
}
