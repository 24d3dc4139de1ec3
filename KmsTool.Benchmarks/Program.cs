using System.CommandLine;
using System.Runtime.Versioning;
using KmsTool.Benchmarks.Commands;
using KmsTool.CommandLine;

// Unix sockets and /proc.
[assembly: SupportedOSPlatform("linux")]

namespace KmsTool.Benchmarks;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var root = new RootCommand
        {
            new LoadCommandLine().CreateCommand(),
            new ProxyCommandLine().CreateCommand(),
            KmsProxyCommandLine.CreateCommand(),
            SilentPeersCommandLine.CreateCommand(),
            MicroCommandLine.CreateCommand(),
            TimingCommandLine.CreateCommand(),
            RelayCommandLine.CreateCommand(),
        };
        HelpText.Install(root, HelpTexts.ByCommand);
        return CommandRunner.RunAsync("KmsTool.Benchmarks", root, args);
    }
}
