using System.Net;
using Amazon.Runtime;
using Amazon.Util;
using KmsTool.CommandLine;

namespace KmsTool.Instance.Credentials;

/// <summary>The role of the EC2 instance, asked of its metadata service (IMDSv2).</summary>
internal static class InstanceRole
{
    private const string Service = "the instance metadata service";
    private const string Success = "Success";

    private const string AttachRole =
        "attach an IAM role to the instance: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=NAME";

    private const string HopLimit =
        "in a container without the host's network the hop limit of 1 keeps its answer away: " +
        "aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2; " +
        "outside EC2 use --profile or AWS_ACCESS_KEY_ID";

    public static CredentialOrigin Origin() => new(Service, HopLimit, AskAsync);

    private static async Task<FoundCredentials> AskAsync()
    {
        if (!EC2InstanceMetadata.IsIMDSEnabled)
        {
            throw CredentialFailure.Create("neither the environment, the default profile nor a container gives any", "AWS_EC2_METADATA_DISABLED=true keeps the instance's role from being asked");
        }

        IDictionary<string, IAMSecurityCredentialMetadata>? roles = await ReadRolesAsync();
        if (roles is null)
        {
            await ExplainAsync();
        }

        if (roles is not { Count: > 0 })
        {
            throw NoRole();
        }

        (string role, IAMSecurityCredentialMetadata? document) = roles.First();
        if (document?.Code != Success)
        {
            throw Unusable(role, document?.Code ?? "its document tells nothing");
        }

        if (string.IsNullOrEmpty(document.AccessKeyId) || string.IsNullOrEmpty(document.SecretAccessKey))
        {
            throw Unusable(role, "its document is incomplete");
        }

        return new FoundCredentials
        {
            Keys = new ImmutableCredentials(document.AccessKeyId, document.SecretAccessKey, document.Token),
            Expiration = document.Expiration == default ? null : new DateTimeOffset(document.Expiration.ToUniversalTime()),
            Origin = $"the role '{role}' of this instance (IMDSv2)",
        };
    }

    private static async Task<IDictionary<string, IAMSecurityCredentialMetadata>?> ReadRolesAsync()
    {
        try
        {
            return await EC2InstanceMetadata.GetIAMSecurityCredentialsAsync();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Asks once more in another way: the first tells next to nothing of what went wrong.</summary>
    private static async Task ExplainAsync()
    {
        try
        {
            await InstanceProfileAWSCredentials.GetAvailableRolesAsync(null);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("rejected", StringComparison.Ordinal))
        {
            throw CredentialFailure.Create($"{Service} refuses to give a session token", "it may be disabled: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled", e);
        }
        catch (InvalidOperationException e)
        {
            throw CredentialFailure.Create($"{Service} gives no session token", HopLimit, e);
        }
        catch (AmazonServiceException e)
        {
            throw e.GetBaseException() switch
            {
                HttpRequestException { StatusCode: HttpStatusCode.NotFound } => NoRole(e),
                HttpRequestException { StatusCode: { } status } => CredentialFailure.Create($"{Service} answers {(int)status} when asked for a role", "try again; see that AWS_EC2_METADATA_SERVICE_ENDPOINT, if set, is right", e),
                _ => CredentialFailure.Create($"{Service} broke off", HopLimit, e),
            };
        }
    }

    private static CommandFailedException Unusable(string role, string reason) => CredentialFailure.Create(
        $"the role '{role}' of this instance gives none ({reason})", "see that its trust policy lets ec2.amazonaws.com assume it, or " + AttachRole);

    private static CommandFailedException NoRole(Exception? cause = null) => CredentialFailure.Create("this instance has no role", AttachRole, cause);
}
