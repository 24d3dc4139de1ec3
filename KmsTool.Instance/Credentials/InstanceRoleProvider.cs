using System.Net;
using Amazon.Runtime;
using Amazon.Util;

namespace KmsTool.Instance.Credentials;

/// <summary>The role of the EC2 instance, asked of its metadata service (IMDSv2).</summary>
internal static class InstanceRoleProvider
{
    private const string Service = "the instance metadata service";
    private const string Success = "Success";

    public static CredentialProvider Create() => new(Service, CredentialFailure.MetadataUnreachable, Subject: null, AskAsync);

    private static async Task<FoundCredentials> AskAsync()
    {
        if (!EC2InstanceMetadata.IsIMDSEnabled)
        {
            throw new CredentialException(CredentialFailure.MetadataDisabled, "neither the environment, the default profile nor a container gives any");
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
            throw Failed(CredentialFailure.MetadataRefused, "refuses to give a session token", e);
        }
        catch (InvalidOperationException e)
        {
            throw Failed(CredentialFailure.MetadataUnreachable, "gives no session token", e);
        }
        catch (AmazonServiceException e)
        {
            throw e.GetBaseException() switch
            {
                HttpRequestException { StatusCode: HttpStatusCode.NotFound } => NoRole(e),
                HttpRequestException { StatusCode: { } status } => Failed(CredentialFailure.MetadataError, $"answers {(int)status} when asked for a role", e),
                _ => Failed(CredentialFailure.MetadataUnreachable, "broke off", e),
            };
        }
    }

    private static CredentialException Failed(CredentialFailure failure, string what, Exception cause) =>
        new(failure, $"{Service} {what}", innerException: cause);

    private static CredentialException Unusable(string role, string reason) =>
        new(CredentialFailure.InstanceRoleUnusable, $"the role '{role}' of this instance gives none ({reason})");

    private static CredentialException NoRole(Exception? cause = null) =>
        new(CredentialFailure.InstanceRoleMissing, "this instance has no role", innerException: cause);
}
