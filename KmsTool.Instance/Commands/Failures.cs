using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Gives each failure of a feature its exit code and the advice that names options.</summary>
internal static class Failures
{
    private const string AttachRole =
        "attach an IAM role to the instance: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=NAME";

    /// <returns><see langword="null"/> for an exception that is a defect of this program.</returns>
    public static CommandFailedException? Describe(Exception exception) => exception switch
    {
        CommandFailedException failed => failed,
        EnclaveException failed => EnclaveFailures.Describe(failed),
        SessionFailedException failed => EnclaveFailures.Describe(failed.Refusal),
        CredentialException failed => Describe(failed),
        BatchInputException failed => new CommandFailedException(ExitCode.OperationFailed, failed.Message, failed),
        _ => null,
    };

    /// <summary>Says what happened and what to do next.</summary>
    /// <returns><see langword="null"/> for an exception that is a defect of this program.</returns>
    public static string? Explain(Exception exception) => Describe(exception)?.Message;

    private static CommandFailedException Describe(CredentialException failed) => failed.Failure switch
    {
        CredentialFailure.RegionInvalid =>
            new CommandFailedException(ExitCode.WrongUsage, $"{failed.Message}. Name one with --region, such as eu-central-1.", failed),
        CredentialFailure.CaBundleUnusable =>
            new CommandFailedException(ExitCode.WrongUsage, $"{failed.Message}. Name a PEM file in AWS_CA_BUNDLE.", failed),
        _ => new CommandFailedException(ExitCode.NoCredentials, $"Could not get credentials: {failed.Message}; {Advise(failed)}.", failed),
    };

    private static string Advise(CredentialException failed) => failed.Failure switch
    {
        CredentialFailure.EnvironmentIncomplete => "set both, and AWS_SESSION_TOKEN for temporary ones, or neither",
        CredentialFailure.WebIdentityFailed => "see that the token file is there and fresh, and that the role trusts its issuer",
        CredentialFailure.ProfileMissing => "compare --profile with 'aws configure list-profiles'",
        CredentialFailure.EnvironmentProfileMissing => "compare AWS_PROFILE with 'aws configure list-profiles'",
        CredentialFailure.ProfileNeedsBrowser =>
            $"sign in with the AWS CLI and take what it has: eval \"$(aws configure export-credentials --profile {failed.Subject} --format env)\"",
        CredentialFailure.ProfileEmpty => $"add them with 'aws configure --profile {failed.Subject}'",
        CredentialFailure.ProfileFailed => $"see what 'aws sts get-caller-identity --profile {failed.Subject}' says",
        CredentialFailure.ContainerFailed =>
            "see that the task or pod has a role, and that the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, if any, is good",
        CredentialFailure.MetadataDisabled => "AWS_EC2_METADATA_DISABLED=true keeps the instance's role from being asked",
        CredentialFailure.MetadataRefused =>
            "it may be disabled: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled",
        CredentialFailure.MetadataError => "try again; see that AWS_EC2_METADATA_SERVICE_ENDPOINT, if set, is right",
        CredentialFailure.MetadataUnreachable =>
            "in a container without the host's network the hop limit of 1 keeps its answer away: "
            + "aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2; "
            + "outside EC2 use --profile or AWS_ACCESS_KEY_ID",
        CredentialFailure.InstanceRoleMissing => AttachRole,
        CredentialFailure.InstanceRoleUnusable => "see that its trust policy lets ec2.amazonaws.com assume it, or " + AttachRole,
        CredentialFailure.AssumeRoleFailed =>
            "see that this instance reaches AWS STS (a VPC endpoint's address goes into AWS_ENDPOINT_URL_STS)",
        CredentialFailure.StsRefused => AdviseOnSts(failed.Subject),
        CredentialFailure.StsTlsFailed =>
            "where a private authority has signed its certificate, name that authority's PEM file in AWS_CA_BUNDLE",
        CredentialFailure.StsUnreachable => "give this machine a way to it, or the address of a VPC endpoint in AWS_ENDPOINT_URL_STS",
        _ => throw new ArgumentOutOfRangeException(nameof(failed)),
    };

    private static string AdviseOnSts(string? code) => code switch
    {
        "AccessDenied" => "the role's trust policy must name the caller (and its sts:ExternalId, if it has one, be given as --external-id), and the caller's own policy must allow sts:AssumeRole",
        "ValidationError" => "compare --role-arn with 'aws iam get-role'; --duration may be the role's MaxSessionDuration at most, and 3600 for a role that assumes a role",
        "ExpiredToken" or "ExpiredTokenException" => "the credentials to assume it with have expired: renew them",
        "InvalidClientTokenId" or "UnrecognizedClientException" => "the credentials to assume it with are not valid: check them, and that they are of the role's partition",
        "SignatureDoesNotMatch" => "check the secret access key of the credentials to assume it with, and this machine's clock",
        "RegionDisabledException" => "activate the region's STS in the account, or name another with --region",
        "InvalidIdentityToken" => "check the token in AWS_WEB_IDENTITY_TOKEN_FILE and the role's trust in its issuer",
        _ => "see 'aws sts assume-role' for what it means",
    };
}
