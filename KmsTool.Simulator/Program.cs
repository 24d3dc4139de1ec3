using System.CommandLine;
using System.CommandLine.Help;
using KmsTool.CommandLine;
using KmsTool.Simulator.Commands;

namespace KmsTool.Simulator;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        ProcessMemory.Protect();
        return CommandRunner.RunAsync("kmstool-simulator", BuildCommandTree(), args);
    }

    public static RootCommand BuildCommandTree()
    {
        var root = new RootCommand(
            """
            Stand-ins for AWS on this machine: KMS that verifies attestation documents and evaluates key policies, STS, the instance metadata service (IMDSv2) and the Nitro Secure Module. For development and tests; the keys live in memory and protect nothing.

            Start it, and use it from another shell:
              kmstool-simulator run --dir /tmp/sim
              . /tmp/sim/env.sh
              aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms create-key
            """);
        root.Subcommands.Add(RunCommandLine.Create());
        root.Subcommands.Add(NsmCommandLine.Create());
        root.Subcommands.Add(KmsCommandLine.Create());
        HelpCommand.AddTo(root);
        root.Options.OfType<HelpOption>().Single().Action = new DetailedHelp();
        return root;
    }
}
