using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Commands;

/// <summary>
/// The AWS CLI, where it is installed, as people use it: through env.sh. <c>--endpoint-url</c> is given because versions
/// before 2.13 and 1.29 do not read AWS_ENDPOINT_URL_KMS.
/// </summary>
public sealed class AwsCliTests
{
    private const string Script =
        """
        set -eu
        . "$DIR/env.sh"
        kms() { aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text kms "$@"; }
        sts() { aws --endpoint-url "$AWS_ENDPOINT_URL_STS" --output text sts "$@"; }

        sts get-caller-identity --query Arn
        key=$(kms create-key --description 'from the CLI' --query KeyMetadata.KeyId)
        kms describe-key --key-id "$key" --query KeyMetadata.Description
        test "$(kms list-keys --query 'Keys[].KeyId')" = "$key"
        printf 'Hello, KMS!' > "$DIR/plaintext"
        kms encrypt --key-id "$key" --plaintext "fileb://$DIR/plaintext" --encryption-context purpose=test \
          --query CiphertextBlob | base64 -d > "$DIR/blob"
        kms decrypt --ciphertext-blob "fileb://$DIR/blob" --encryption-context purpose=test --query Plaintext | base64 -d
        echo
        kms decrypt --ciphertext-blob "fileb://$DIR/blob" 2>&1 | grep -o '(.*Exception)'
        sts assume-role --role-arn arn:aws:iam::111122223333:role/app --role-session-name cli --query AssumedRoleUser.Arn

        unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
        sts get-caller-identity --query Arn
        kms list-keys 2>&1 | grep -o '(.*Exception)'
        """;

    private const string Expected =
        """
        arn:aws:iam::111122223333:user/administrator
        from the CLI
        Hello, KMS!
        (InvalidCiphertextException)
        arn:aws:sts::111122223333:assumed-role/app/cli
        arn:aws:sts::111122223333:assumed-role/kmstool-instance-role/i-0123456789abcdef0
        (AccessDeniedException)

        """;

    [AwsCliFact]
    public async Task Cli_createsEncryptsAndDecrypts()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = new()
        {
            ["DIR"] = simulator.Host.Files.Directory,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["AWS_EC2_METADATA_DISABLED"] = "false",
        };

        ProgramResult shell = await ProgramRunner.RunAsync("/bin/sh", ["-c", Script], environment);

        Assert.True(shell.ExitCode == 0, shell.Error);
        Assert.Equal(Expected, shell.Output);
    }

    private sealed class AwsCliFactAttribute : FactAttribute
    {
        public AwsCliFactAttribute()
        {
            bool isInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "aws")));
            if (!isInstalled)
                Skip = "the AWS CLI is not installed";
        }
    }
}
