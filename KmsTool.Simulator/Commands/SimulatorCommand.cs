using System.CommandLine;
using System.CommandLine.Help;
using System.Net.Sockets;
using System.Security.Cryptography;
using KmsTool.Cli;

namespace KmsTool.Simulator.Commands;

/// <summary>The program's command tree, and what is common to its commands.</summary>
internal static class SimulatorCommand
{
    /// <summary>Runs a command line and returns the exit code.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        RootCommand root = new(
            """
            Stand-ins for AWS on this machine: KMS that verifies attestation documents and evaluates key policies, STS, the instance metadata service (IMDSv2) and the Nitro Secure Module. For development and tests; the keys live in memory and protect nothing.

            Start it, and use it from another shell:
              kmstool-simulator run --dir /tmp/sim
              . /tmp/sim/env.sh
              aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms create-key
            """);
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(NsmCommand.Create());
        root.Subcommands.Add(KmsCommand.Create());
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            help.Action = new DetailedHelp();

        ParseResult arguments = root.Parse(args);
        if (arguments.Errors.Count > 0)
            return Fail(ExitCode.Usage, $"{arguments.Errors[0].Message} Try --help.");
        // Signals are for the commands: they have something to put away.
        return await arguments.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>Runs the body of a command, and says in one line what went wrong.</summary>
    public static async Task<int> RunAsync(Func<SignalWait, Task> body)
    {
        using SignalWait signals = new();
        try
        {
            await body(signals);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (CommandFailedException e)
        {
            return Fail((int)e.ExitCode, TerminalText.Neutralize(e.Message));
        }
        catch (UsageException e)
        {
            return Fail(ExitCode.Usage, $"{e.Message}. Try --help.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or CryptographicException)
        {
            return Fail(ExitCode.Failed, $"could not start: {e.Message}");
        }
    }

    private static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine("kmstool-simulator: " + message.ReplaceLineEndings(" "));
        return exitCode;
    }
}
