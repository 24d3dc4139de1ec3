using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Instance.Commands;

namespace KmsTool.Instance;

internal static class Program
{
    /// <summary>The name of the AWS sample's program, for which a link to this one stands in.</summary>
    private const string Original = "kmstool_instance";

    public static Task<int> Main(string[] args)
    {
        ProcessMemory.Protect();
        string name = ProgramName.Invoked();
        RootCommand root = BuildCommandTree(name, new DecryptCommandLine(findsRegion: name != Original));
        return CommandRunner.RunAsync(name == VsockProxyCommandLine.Name ? name : "kmstool-instance", root, args);
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
        // The original has no commands: whatever stands there is a ciphertext.
        if (name != Original)
        {
            root.Add(decrypt.CreateCommand());
            foreach (Command command in KmsCommandLine.CreateCommands())
                root.Add(command);

            root.Add(DescribeCommandLine.CreateCommand());
            root.Add(AttestCommandLine.CreateCommand());
            root.Add(VerifyAttestationCommandLine.CreateCommand());
            root.Add(PolicyCommandLine.CreateCommand());
            root.Add(MeasureCommandLine.CreateCommand());
            root.Add(CredentialsCommandLine.CreateCommand());
            root.Add(VsockProxyCommandLine.CreateCommand());
        }

        HelpText.Install(root, HelpTexts.ByCommand);
        return root;
    }
}
