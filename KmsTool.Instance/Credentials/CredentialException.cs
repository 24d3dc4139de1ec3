namespace KmsTool.Instance.Credentials;

/// <summary>Why there are no credentials.</summary>
internal enum CredentialFailure
{
    /// <summary>AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY.</summary>
    EnvironmentIncomplete,

    /// <summary>The web identity in AWS_WEB_IDENTITY_TOKEN_FILE gives none.</summary>
    WebIdentityFailed,

    /// <summary>The profile that the user named does not exist.</summary>
    ProfileMissing,

    /// <summary>The profile that AWS_PROFILE names does not exist.</summary>
    EnvironmentProfileMissing,

    /// <summary>The profile needs a browser to sign in.</summary>
    ProfileNeedsBrowser,

    /// <summary>The profile holds no credentials and no way to get them.</summary>
    ProfileEmpty,

    /// <summary>The profile gives none that can be used, or does not give them in time.</summary>
    ProfileFailed,

    /// <summary>The container's credential service gives none.</summary>
    ContainerFailed,

    /// <summary>AWS_EC2_METADATA_DISABLED forbids asking the instance metadata service, and there is no other source.</summary>
    MetadataDisabled,

    /// <summary>The instance metadata service refuses to give a session token.</summary>
    MetadataRefused,

    /// <summary>The instance metadata service does not answer, or answers with an unexpected HTTP status code.</summary>
    MetadataError,

    /// <summary>The instance metadata service cannot be reached, as in a container that is one hop too far.</summary>
    MetadataUnreachable,

    /// <summary>The instance has no role.</summary>
    InstanceRoleMissing,

    /// <summary>The role of the instance gives none that can be used.</summary>
    InstanceRoleUnusable,

    /// <summary>The role cannot be assumed.</summary>
    AssumeRoleFailed,

    /// <summary>STS refuses; <see cref="CredentialException.Subject"/> is its error code.</summary>
    StsRefused,

    /// <summary>STS cannot be reached.</summary>
    StsUnreachable,

    /// <summary>TLS with STS fails.</summary>
    StsTlsFailed,

    /// <summary>The file with the trust anchors for STS cannot be used.</summary>
    CaBundleUnusable,

    /// <summary>The region that was found is not an AWS region.</summary>
    RegionInvalid,
}

/// <summary>There are no credentials, or no region to use them in.</summary>
/// <param name="failure">Why.</param>
/// <param name="message">
/// What happened, without a full stop. Never an exception's text that may quote a file or a response: either may hold secrets.
/// </param>
/// <param name="subject">The profile's name, or the error code of STS; otherwise <see langword="null"/>.</param>
/// <param name="innerException">The cause.</param>
internal sealed class CredentialException(CredentialFailure failure, string message, string? subject = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    public CredentialFailure Failure { get; } = failure;

    public string? Subject { get; } = subject;
}
