using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Startup;
using KmsTool.Enclave.Supervisor;

namespace KmsTool.Tests.Enclave.Commands;

public class FailuresTests
{
    [Theory]
    [InlineData(HostingFailure.NsmUnusable, ExitCode.CouldNotConnect, "what failed. Run this inside a Nitro enclave, or name a simulator's with --nsm unix:/path.")]
    [InlineData(HostingFailure.CaBundleUnusable, ExitCode.WrongUsage, "what failed. Name a PEM file with --ca-bundle, AWS_CA_BUNDLE or SSL_CERT_FILE.")]
    [InlineData(HostingFailure.DaemonAddress, ExitCode.CouldNotConnect, "what failed. Is another kmstool-enclave running there?")]
    [InlineData(HostingFailure.KmsProxyPort, ExitCode.CouldNotConnect, "what failed. Choose another port with --kms-proxy-port (of kms-proxy: --listen-port).")]
    [InlineData(HostingFailure.EgressPort, ExitCode.CouldNotConnect, "what failed. Choose another port with --egress-port.")]
    internal void Describe_hosting_failure_has_its_exit_code_and_advice(HostingFailure failure, ExitCode exitCode, string message) =>
        AssertDescribed(new HostingException(failure, "what failed", new IOException()), exitCode, message);

    [Theory]
    [InlineData(StartupFailure.ClockUnknown, ExitCode.CouldNotConnect, "what was found")]
    [InlineData(StartupFailure.ImageUnknown, ExitCode.CouldNotConnect, "what was found")]
    [InlineData(StartupFailure.ClockDiffers, ExitCode.OperationFailed, "what was found, which --refuse-clock-skew refuses; set it, then start again.")]
    [InlineData(StartupFailure.DebugMode, ExitCode.OperationFailed, "what was found, which --refuse-debug-mode refuses; run it without --debug-mode.")]
    [InlineData(StartupFailure.OtherRandomSource, ExitCode.OperationFailed,
        "what was found, which --refuse-other-random-source refuses; write nsm-hwrng to /sys/devices/virtual/misc/hw_random/rng_current.")]
    internal void Describe_refused_start_names_the_option(StartupFailure failure, ExitCode exitCode, string message) =>
        AssertDescribed(new StartupException(failure, "what was found"), exitCode, message);

    [Theory]
    [InlineData(ApplicationStartFailure.NotPrepared, ExitCode.OperationFailed)]
    [InlineData(ApplicationStartFailure.NotExecutable, ExitCode.NotExecutable)]
    [InlineData(ApplicationStartFailure.NotFound, ExitCode.ProgramNotFound)]
    internal void Describe_application_that_did_not_start_has_the_exit_code_of_shells(ApplicationStartFailure failure, ExitCode exitCode) =>
        AssertDescribed(new ApplicationStartException(failure, "what failed"), exitCode, "what failed");

    [Fact]
    public void Describe_defect_of_the_program_is_not_described() => Assert.Null(Failures.Describe(new InvalidOperationException()));

    private static void AssertDescribed(Exception exception, ExitCode exitCode, string message)
    {
        CommandFailedException? described = Failures.Describe(exception);

        Assert.NotNull(described);
        Assert.Equal((exitCode, message), (described.ExitCode, described.Message));
    }
}
