namespace KmsTool.Enclave.Credentials;

/// <summary>Where the AWS credentials of this enclave come from.</summary>
internal enum CredentialOrigin
{
    /// <summary>The variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN of this process.</summary>
    Environment,

    /// <summary>The role of the parent instance, from its metadata service.</summary>
    Imds,

    /// <summary>The parent instance, which sends them to the daemon.</summary>
    Push,
}
