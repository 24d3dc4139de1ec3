using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;

namespace KmsTool.Instance.Credentials;

/// <summary>HTTP clients for STS that trust the authorities of one PEM file and no others.</summary>
internal sealed class StsHttpClientFactory(string caBundle) : HttpClientFactory
{
    /// <exception cref="CredentialException">The file cannot be used; it is read only when STS is asked.</exception>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A private authority rarely answers revocation queries; .NET asks none for the system's authorities either.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(Load());
        return new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        });
    }

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => true;

    private X509Certificate2Collection Load()
    {
        var trust = new X509Certificate2Collection();
        try
        {
            trust.ImportFromPemFile(caBundle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Unusable(e.Message.TrimEnd('.'), e);
        }

        return trust.Count > 0 ? trust : throw Unusable("it holds no certificate", null);
    }

    private CredentialException Unusable(string reason, Exception? cause) =>
        new(CredentialFailure.CaBundleUnusable, $"The CA bundle '{caBundle}' cannot be used for STS: {reason}", innerException: cause);
}
