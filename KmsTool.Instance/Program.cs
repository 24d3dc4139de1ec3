using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Instance.Commands;

namespace KmsTool.Instance;

internal static class Program
{
    public static Task<int> Main(string[] args) =>
        CommandRunner.RunAsync("kmstool-instance", BuildCommandTree(new DecryptCommandLine()), args);

    internal static RootCommand BuildCommandTree(DecryptCommandLine decrypt)
    {
        var root = new RootCommand();
        decrypt.AddTo(root);
        root.Add(decrypt.CreateCommand());
        root.Add(CredentialsCommandLine.CreateCommand());
        root.Add(VsockProxyCommandLine.CreateCommand());
        HelpText.Install(root, HelpTexts.ByCommand);
        return root;
    }
}
