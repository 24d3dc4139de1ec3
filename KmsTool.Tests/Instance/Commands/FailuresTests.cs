using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Commands;
using KmsTool.Instance.Credentials;

namespace KmsTool.Tests.Instance.Commands;

public class FailuresTests
{
    public static TheoryData<string> CredentialFailures => [.. Enum.GetNames<CredentialFailure>()];

    [Theory]
    [MemberData(nameof(CredentialFailures))]
    public void Describe_each_credential_failure_has_an_exit_code_and_advice(string name)
    {
        CredentialFailure failure = Enum.Parse<CredentialFailure>(name);

        CommandFailedException failed = Failures.Describe(new CredentialException(failure, "what happened", "subject"))!;

        ExitCode expected = failure is CredentialFailure.CaBundleUnusable or CredentialFailure.RegionInvalid ? ExitCode.WrongUsage : ExitCode.NoCredentials;
        Assert.Equal(expected, failed.ExitCode);
        Assert.Matches("what happened[;.] .{20,}[.]$", failed.Message);
    }

    [Fact]
    public void Describe_unreadable_batch_is_a_failed_operation() =>
        Assert.Equal(ExitCode.OperationFailed, Failures.Describe(new BatchInputException(3, new IOException("gone")))!.ExitCode);

    [Fact]
    public void Describe_any_other_exception_is_a_defect() => Assert.Null(Failures.Describe(new InvalidOperationException()));
}
