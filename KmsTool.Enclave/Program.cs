using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Enclave.Commands;

namespace KmsTool.Enclave;

internal static class Program
{
    public static Task<int> Main(string[] args) =>
        // The daemon bounds its own end with --drain-timeout.
        CommandRunner.RunAsync(BuildCommandTree(), args, TimeSpan.FromDays(1));

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
