using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Supervisor;
using KmsTool.Protocol;

namespace KmsTool.Enclave;

internal static class Program
{
    /// <summary>The names of the AWS sample's programs, for which links to this one stand in.</summary>
    private const string OriginalServer = "kmstool_enclave";
    private const string OriginalCommandLine = "kmstool_enclave_cli";

    public static async Task<int> Main(string[] args)
    {
        // First of all, as the application waits for it.
        if (args is [ApplicationLauncher.Name, ..])
        {
            return LaunchApplication(args.AsSpan(1));
        }

        ProcessMemory.Protect();
        string name = ProgramName.Invoked();
        int exitCode = await CommandRunner.RunAsync(
            name is OriginalServer or OriginalCommandLine ? name : "kmstool-enclave", BuildCommandTree(name, new ServeCommandLine()), args, Failures.Describe);
        return ExitCodeUnder(name, (ExitCode)exitCode);
    }

    /// <summary>Becomes the application.</summary>
    /// <returns>The exit code where that failed, for which a line is on stderr.</returns>
    internal static int LaunchApplication(ReadOnlySpan<string> arguments)
    {
        try
        {
            throw ApplicationLauncher.Run(arguments);
        }
        catch (ApplicationStartException e)
        {
            CommandFailedException failure = Failures.Describe(e)!;
            Console.Error.WriteLine($"kmstool-enclave: {TerminalText.Neutralize(failure.Message)}.");
            return (int)failure.ExitCode;
        }
    }

    /// <summary>Gets the exit code of the AWS sample's program of that name, with which scripts may compare.</summary>
    internal static int ExitCodeUnder(string name, ExitCode exitCode) => (name, exitCode) switch
    {
        (_, ExitCode.Success) => 0,
        // Credentials are arguments there, and their absence is wrong usage.
        (OriginalCommandLine, ExitCode.WrongUsage or ExitCode.NoCredentials) => 1,
        // It returns -1 from main.
        (OriginalCommandLine, _) => 255,
        _ => (int)exitCode,
    };

    /// <param name="name">The name under which the program was started.</param>
    /// <param name="serve">What the program does when no command is named.</param>
    internal static RootCommand BuildCommandTree(string name, ServeCommandLine serve)
    {
        var root = new RootCommand();
        if (name != OriginalCommandLine)
        {
            serve.AddTo(root);
            root.Add(serve.CreateCommand());
            root.Add(RunCommandLine.CreateCommand());
        }

        if (name != OriginalServer)
        {
            if (name != OriginalCommandLine)
            {
                root.Add(KmsProxyCommandLine.CreateCommand());
            }

            foreach (Command command in KmsCommandLine.CreateCommands(asSample: name == OriginalCommandLine))
            {
                root.Add(command);
            }
        }

        if (name is OriginalServer or OriginalCommandLine)
        {
            CommonOptions.LetLastOccurrenceWin(root);
        }

        if (name == OriginalCommandLine)
        {
            HelpText.Install(root, HelpTexts.OfOriginalCommandLine, asFailure: true);
        }
        else
        {
            HelpText.Install(root, HelpTexts.ByCommand);
        }

        return root;
    }
}
