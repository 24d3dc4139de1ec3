using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;

namespace KmsTool.Instance.Credentials;

/// <summary>
/// The default chain of AWS: environment, web identity, profile, container, instance role (IMDSv2). The first that is
/// configured is the one that is asked. The order is the SDK's. Its own chain is not used: it keeps the credentials of the
/// instance's role for the life of the process, and does not say where credentials come from.
/// </summary>
internal static class CredentialChain
{
    public const string DefaultProfile = "default";

    /// <param name="profile">The only profile to ask; <see langword="null"/> for the chain.</param>
    public static CredentialProvider Choose(string? profile)
    {
        if (profile is not null)
        {
            return CreateProfile(profile, CredentialFailure.ProfileMissing);
        }

        if (IsSet("AWS_ACCESS_KEY_ID"))
        {
            return CreateEnvironment();
        }

        if (IsSet("AWS_WEB_IDENTITY_TOKEN_FILE") && IsSet("AWS_ROLE_ARN"))
        {
            return CreateWebIdentity();
        }

        if (Read("AWS_PROFILE") is { } named)
        {
            if (IsForCredentials(named, ifMissing: true))
            {
                return CreateProfile(named, CredentialFailure.EnvironmentProfileMissing);
            }
        }
        else if (IsForCredentials(DefaultProfile, ifMissing: false))
        {
            return CreateProfile(DefaultProfile, CredentialFailure.ProfileMissing);
        }

        return IsSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || IsSet("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            ? CreateContainer()
            : InstanceRoleProvider.Create();
    }

    private static CredentialProvider CreateEnvironment()
    {
        const string Name = "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        return new CredentialProvider(
            "the environment variable AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY",
            CredentialFailure.EnvironmentIncomplete,
            Subject: null,
            () => FoundCredentials.AskAsync(new EnvironmentVariablesAWSCredentials(), Name));
    }

    private static CredentialProvider CreateWebIdentity()
    {
        string name = $"the role {Read("AWS_ROLE_ARN")} of the web identity in AWS_WEB_IDENTITY_TOKEN_FILE";
        return new CredentialProvider(
            name,
            CredentialFailure.WebIdentityFailed,
            Subject: null,
            () => FoundCredentials.AskAsync(AssumeRoleWithWebIdentityCredentials.FromEnvironmentVariables(), name));
    }

    private static CredentialProvider CreateProfile(string profile, CredentialFailure ifMissing)
    {
        string name = $"the profile '{profile}'";
        return new CredentialProvider(name, CredentialFailure.ProfileFailed, profile, async () =>
        {
            var files = new CredentialProfileStoreChain();
            if (!files.TryGetProfile(profile, out CredentialProfile found))
            {
                throw new CredentialException(ifMissing, $"there is no profile '{profile}' in ~/.aws/config or ~/.aws/credentials", profile);
            }

            if (NeedsBrowser(found))
            {
                throw new CredentialException(CredentialFailure.ProfileNeedsBrowser, $"{name} needs a browser to sign in", profile);
            }

            if (!found.CanCreateAWSCredentials)
            {
                throw new CredentialException(CredentialFailure.ProfileEmpty, $"{name} holds no credentials and no way to get some", profile);
            }

            return await FoundCredentials.AskAsync(found.GetAWSCredentials(files), name);
        });
    }

    private static CredentialProvider CreateContainer()
    {
        const string Name = "the container's credential service (AWS_CONTAINER_CREDENTIALS_…_URI)";
        return new CredentialProvider(
            Name,
            CredentialFailure.ContainerFailed,
            Subject: null,
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
            // The files cannot be read. Asking the profile reports that.
            return true;
        }
    }

    private static bool NeedsBrowser(CredentialProfile profile) =>
        profile.Options is { SsoStartUrl: not null } or { SsoSession: not null } or { LoginSession: not null };

    private static bool IsSet(string variable) => Read(variable) is not null;

    private static string? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } value && value.Trim().Length > 0 ? value : null;
}
