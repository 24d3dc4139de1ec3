using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;

namespace KmsTool.Instance.Credentials;

/// <summary>
/// The default chain of AWS: environment, web identity, profile, container, instance role (IMDSv2). The first that is
/// configured is the one that is asked. The order is the SDK's; its own chain is not used, since it keeps the credentials of
/// the instance's role for the life of the process and tells of none where they are from.
/// </summary>
internal static class CredentialChain
{
    public const string DefaultProfile = "default";

    /// <param name="profile">The only profile to ask; <see langword="null"/> for the chain.</param>
    public static CredentialOrigin Choose(string? profile)
    {
        if (profile is not null)
        {
            return Profile(profile, "--profile");
        }

        if (IsSet("AWS_ACCESS_KEY_ID"))
        {
            return EnvironmentVariables();
        }

        if (IsSet("AWS_WEB_IDENTITY_TOKEN_FILE") && IsSet("AWS_ROLE_ARN"))
        {
            return WebIdentity();
        }

        if (Read("AWS_PROFILE") is { } named)
        {
            if (IsForCredentials(named, ifMissing: true))
            {
                return Profile(named, "AWS_PROFILE");
            }
        }
        else if (IsForCredentials(DefaultProfile, ifMissing: false))
        {
            return Profile(DefaultProfile, "--profile");
        }

        return IsSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || IsSet("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            ? Container()
            : InstanceRole.Origin();
    }

    private static CredentialOrigin EnvironmentVariables()
    {
        const string Name = "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        return new CredentialOrigin(
            "the environment variable AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY",
            "set both, and AWS_SESSION_TOKEN for temporary ones, or neither",
            () => FoundCredentials.AskAsync(new EnvironmentVariablesAWSCredentials(), Name));
    }

    private static CredentialOrigin WebIdentity()
    {
        string name = $"the role {Read("AWS_ROLE_ARN")} of the web identity in AWS_WEB_IDENTITY_TOKEN_FILE";
        return new CredentialOrigin(
            name,
            "see that the token file is there and fresh, and that the role trusts its issuer",
            () => FoundCredentials.AskAsync(AssumeRoleWithWebIdentityCredentials.FromEnvironmentVariables(), name));
    }

    private static CredentialOrigin Profile(string profile, string namedBy)
    {
        string name = $"the profile '{profile}'";
        string advice = $"see what 'aws sts get-caller-identity --profile {profile}' says";
        return new CredentialOrigin(name, advice, async () =>
        {
            var files = new CredentialProfileStoreChain();
            if (!files.TryGetProfile(profile, out CredentialProfile found))
            {
                throw CredentialFailure.Create($"there is no profile '{profile}' in ~/.aws/config or ~/.aws/credentials", $"compare {namedBy} with 'aws configure list-profiles'");
            }

            if (NeedsBrowser(found))
            {
                throw CredentialFailure.Create($"{name} needs a browser to sign in", $"sign in with the AWS CLI and take what it has: eval \"$(aws configure export-credentials --profile {profile} --format env)\"");
            }

            if (!found.CanCreateAWSCredentials)
            {
                throw CredentialFailure.Create($"{name} holds no credentials and no way to get some", $"add them with 'aws configure --profile {profile}'");
            }

            return await FoundCredentials.AskAsync(found.GetAWSCredentials(files), name);
        });
    }

    private static CredentialOrigin Container()
    {
        const string Name = "the container's credential service (AWS_CONTAINER_CREDENTIALS_…_URI)";
        return new CredentialOrigin(
            Name,
            "see that the task or pod has a role, and that the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, if any, is good",
            () => FoundCredentials.AskAsync(new GenericContainerCredentials(), Name));
    }

    /// <summary>Whether the SDK could not read the files of the profiles.</summary>
    public static bool IsUnreadable(Exception failure) =>
        failure is AmazonClientException or IOException or UnauthorizedAccessException or InvalidDataException;

    // Many have a profile for its region only; it does not end the search.
    private static bool IsForCredentials(string profile, bool ifMissing)
    {
        try
        {
            return new CredentialProfileStoreChain().TryGetProfile(profile, out CredentialProfile found)
                ? found.CanCreateAWSCredentials || NeedsBrowser(found)
                : ifMissing;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            // The files cannot be read: whoever asks the profile will say so.
            return true;
        }
    }

    private static bool NeedsBrowser(CredentialProfile profile) =>
        profile.Options is { SsoStartUrl: not null } or { SsoSession: not null } or { LoginSession: not null };

    private static bool IsSet(string variable) => Read(variable) is not null;

    private static string? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } value && value.Trim().Length > 0 ? value : null;
}
