using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Enclave.Supervisor;
using KmsTool.Tests.Enclave.Startup;
using KmsTool.Tests.EndToEnd;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>
/// What tests of a supervisor that <c>kmstool-enclave run</c> gives no way to: the entry point of this assembly, as it takes a
/// process of its own.
/// </summary>
internal static class SupervisorProgram
{
    /// <summary>Aborts the application when a line comes on stdin.</summary>
    private const string Abort = "abort";

    /// <summary>Starts the application only after SIGTERM.</summary>
    private const string AfterSigterm = "late";

    /// <summary>The arguments of dotnet that abort a script.</summary>
    public static string[] Aborting(string script, TimeSpan? graceTime = null) =>
        [typeof(SupervisorProgram).Assembly.Location, Abort, script, (graceTime ?? TimeSpan.FromMinutes(1)).ToString()];

    /// <summary>The arguments of dotnet that start a script late.</summary>
    public static string[] Late(string script) => [typeof(SupervisorProgram).Assembly.Location, AfterSigterm, script, TimeSpan.Zero.ToString()];

    public static async Task<int> Main(string[] args)
    {
        if (args[0] == KmsApplication.Name)
        {
            return await KmsApplication.RunAsync(args[1..]);
        }

        if (args[0] == ApplicationLauncher.Name)
        {
            return KmsTool.Enclave.Program.LaunchApplication(args.AsSpan(1));
        }

        if (args[0] == EnclaveStartupTests.Reseed)
        {
            return EnclaveStartupTests.ReseedOpenSsl();
        }

        if (args[0] == SameUserTests.Probe)
        {
            return await SameUserTests.ProbeAsync(args[1..]);
        }

        using ILoggerFactory loggers = LogOutput.Create(LogLevel.Debug);
        using var supervisor = new ApplicationSupervisor(loggers.CreateLogger("test")) { GraceTime = TimeSpan.Parse(args[2], CultureInfo.InvariantCulture) };
        using var abort = new CancellationTokenSource();
        var command = new ApplicationCommand(["sh", "-c", args[1]], new Dictionary<string, string>());
        if (args[0] == AfterSigterm)
        {
            var terminating = new TaskCompletionSource();
            supervisor.Terminating.Register(terminating.SetResult);
            await Console.Out.WriteLineAsync("waiting");
            await terminating.Task;
        }

        Task<int> application = supervisor.RunAsync(command, abort.Token);
        if (args[0] == Abort)
        {
            await Console.In.ReadLineAsync();
            await abort.CancelAsync();
        }

        return await application;
    }
}
