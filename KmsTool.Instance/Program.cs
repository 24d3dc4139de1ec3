using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;

namespace KmsTool.Instance;

internal static class Program
{
    /// <summary>The name of the AWS sample's program, for which a link to this one stands in.</summary>
    private const string Original = "kmstool_instance";

    public static async Task<int> Main(string[] args)
    {
        ProcessMemory.Protect();
        string name = ProgramName.Invoked();
        RootCommand root = BuildCommandTree(name, new DecryptCommandLine(asSample: name == Original));
        int exitCode = await CommandRunner.RunAsync(name is Original or VsockProxyCommandLine.Name ? name : "kmstool-instance", root, args, Failures.Describe);
        // The sample's has one way to fail, and scripts may compare with it.
        return name == Original && exitCode != 0 ? (int)ExitCode.OperationFailed : exitCode;
    }

    /// <param name="name">The name under which the program was started.</param>
    /// <param name="decrypt">What the program does when no command is named.</param>
    internal static RootCommand BuildCommandTree(string name, DecryptCommandLine decrypt)
    {
        var root = new RootCommand();
        // So is the parent's vsock-proxy called, which takes its arguments without a command.
        if (name == VsockProxyCommandLine.Name)
        {
            VsockProxyCommandLine.AddTo(root, allowlistRequired: true);
            HelpText.Install(root, HelpTexts.OfVsockProxy);
            return root;
        }

        decrypt.AddTo(root);
        // The sample has no commands: any argument is a ciphertext.
        if (name != Original)
        {
            root.Add(decrypt.CreateCommand());
            foreach (Command command in KmsCommandLine.CreateCommands())
            {
                root.Add(command);
            }

            root.Add(DescribeCommandLine.CreateCommand());
            root.Add(AttestCommandLine.CreateCommand());
            root.Add(VerifyAttestationCommandLine.CreateCommand());
            root.Add(PolicyCommandLine.CreateCommand());
            root.Add(MeasureCommandLine.CreateCommand());
            root.Add(CredentialsCommandLine.CreateCommand());
            root.Add(VsockProxyCommandLine.CreateCommand());
        }
        else
        {
            CommonOptions.LetLastOccurrenceWin(root);
        }

        HelpText.Install(root, HelpTexts.ByCommand);
        return root;
    }
}
