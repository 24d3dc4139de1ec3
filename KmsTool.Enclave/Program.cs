using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Enclave.Commands;

namespace KmsTool.Enclave;

internal static class Program
{
    public static Task<int> Main(string[] args) => CommandRunner.RunAsync("kmstool-enclave", BuildCommandTree(), args);

    internal static RootCommand BuildCommandTree()
    {
        var serve = new ServeCommandLine();
        var root = new RootCommand();
        serve.AddTo(root);
        root.Add(serve.CreateCommand());
        HelpText.Install(root, HelpTexts.ByCommand);
        return root;
    }
}
