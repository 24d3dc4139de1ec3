using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Startup;
using KmsTool.Enclave.Supervisor;
using KmsTool.Protocol;

namespace KmsTool.Enclave.Commands;

/// <summary>Gives each failure of a feature its exit code and the advice that names options.</summary>
internal static class Failures
{
    /// <returns><see langword="null"/> for an exception that is a defect of this program.</returns>
    public static CommandFailedException? Describe(Exception exception) => exception switch
    {
        HostingException e => e.Failure switch
        {
            HostingFailure.NsmUnusable => Advise(
                ExitCode.CouldNotConnect, e, "Run this inside a Nitro enclave, or name a simulator's with --nsm unix:/path."),
            HostingFailure.CaBundleUnusable => Advise(
                ExitCode.WrongUsage, e, "Name a PEM file with --ca-bundle, AWS_CA_BUNDLE or SSL_CERT_FILE."),
            HostingFailure.DaemonAddress => Advise(ExitCode.CouldNotConnect, e, "Is another kmstool-enclave running there?"),
            HostingFailure.KmsProxyPort => Advise(
                ExitCode.CouldNotConnect, e, "Choose another port with --kms-proxy-port (of kms-proxy: --listen-port)."),
            _ => Advise(ExitCode.CouldNotConnect, e, "Choose another port with --egress-port."),
        },
        StartupException e => e.Failure switch
        {
            StartupFailure.ClockDiffers => Refuse(e, "--refuse-clock-skew refuses; set it, then start again"),
            StartupFailure.DebugMode => Refuse(e, "--refuse-debug-mode refuses; run it without --debug-mode"),
            StartupFailure.OtherRandomSource => Refuse(
                e, $"--refuse-other-random-source refuses; write {RandomSeed.NsmSource} to {new StartupSettings().RandomSourcePath}"),
            _ => new CommandFailedException(ExitCode.CouldNotConnect, e.Message, e),
        },
        ApplicationStartException e => new CommandFailedException(
            e.Failure switch
            {
                // The exit codes that shells end with then.
                ApplicationStartFailure.NotFound => ExitCode.ProgramNotFound,
                ApplicationStartFailure.NotExecutable => ExitCode.NotExecutable,
                _ => ExitCode.OperationFailed,
            },
            e.Message,
            e),
        _ => null,
    };

    private static CommandFailedException Advise(ExitCode exitCode, Exception e, string advice) =>
        new(exitCode, $"{TerminalText.EndSentence(e.Message)} {advice}", e);

    private static CommandFailedException Refuse(Exception e, string option) => new(ExitCode.OperationFailed, $"{e.Message}, which {option}.", e);
}
