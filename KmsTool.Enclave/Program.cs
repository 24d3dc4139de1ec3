using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Supervisor;

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
            return ApplicationLauncher.Run(args.AsSpan(1));

        ProcessMemory.Protect();
        string name = ProgramName.Invoked();
        int exitCode = await CommandRunner.RunAsync("kmstool-enclave", BuildCommandTree(name, new ServeCommandLine()), args);
        // The original knows one way to fail, and scripts may compare with it.
        return name == OriginalCommandLine && exitCode != 0 ? (int)ExitCode.OperationFailed : exitCode;
    }

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
                root.Add(KmsProxyCommandLine.CreateCommand());

            foreach (Command command in KmsCommandLine.CreateCommands())
                root.Add(command);
        }

        HelpText.Install(root, HelpTexts.ByCommand);
        return root;
    }
}
