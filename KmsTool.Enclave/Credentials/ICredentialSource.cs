namespace KmsTool.Enclave.Credentials;

/// <summary>Where credentials are asked for.</summary>
internal interface ICredentialSource
{
    /// <summary>For the log.</summary>
    public string Name { get; }

    /// <summary>Asks for the newest there are.</summary>
    /// <returns>Credentials, which the caller owns.</returns>
    /// <exception cref="CredentialException">There are none now; there may be later.</exception>
    public Task<TimedCredentials> FetchAsync(CancellationToken cancellationToken);
}
