using Amazon.SecurityToken;
using KmsTool.CommandLine;

namespace KmsTool.Instance.Credentials;

/// <summary>Says what went wrong between the AWS SDK and STS, and what to do.</summary>
internal static class StsFailure
{
    /// <summary>A failure of STS or on the way to it; <see langword="null"/> for any other.</summary>
    /// <param name="failure">What the SDK threw; for profiles it wraps the cause.</param>
    /// <param name="origin">Whose credentials were asked for.</param>
    public static CommandFailedException? Describe(Exception failure, string origin)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case CommandFailedException said:
                    return said;
                case AmazonSecurityTokenServiceException refused when refused.ErrorCode is { Length: > 0 }:
                    return CredentialFailure.Create($"STS refuses {origin}: {Reason(refused)}", Advice(refused.ErrorCode), failure);
                case HttpRequestException unreachable:
                    return CredentialFailure.Create($"STS cannot be asked for {origin}: {Reason(unreachable)}", Advice(unreachable), failure);
                default:
                    break;
            }
        }

        return null;
    }

    // These two name principals and parameters. What STS says of a wrong signature may quote the signed headers, of which the
    // session token is one.
    private static string Reason(AmazonSecurityTokenServiceException refused) => refused.ErrorCode is "AccessDenied" or "ValidationError"
        ? $"{refused.ErrorCode}: {refused.Message.TrimEnd('.')}"
        : refused.ErrorCode;

    // For TLS the message only refers to the inner exception; for connecting it names the host.
    private static string Reason(HttpRequestException unreachable) =>
        (IsTls(unreachable) ? unreachable.GetBaseException() : unreachable).Message.TrimEnd('.');

    private static string Advice(string code) => code switch
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

    private static string Advice(HttpRequestException unreachable) => IsTls(unreachable)
        ? "where a private authority has signed its certificate, name that authority's PEM file in AWS_CA_BUNDLE"
        : "give this machine a way to it, or the address of a VPC endpoint in AWS_ENDPOINT_URL_STS";

    private static bool IsTls(HttpRequestException unreachable) => unreachable.HttpRequestError == HttpRequestError.SecureConnectionError;
}
