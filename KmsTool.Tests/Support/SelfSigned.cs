using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Tests.Support;

/// <summary>A server's certificate that is its own trust anchor.</summary>
internal static class SelfSigned
{
    public static X509Certificate2 Create(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>Trusts it and nothing else.</summary>
    public static SslClientAuthenticationOptions Trust(X509Certificate2 certificate, string host)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(certificate);
        return new SslClientAuthenticationOptions { TargetHost = host, CertificateChainPolicy = policy };
    }

    /// <summary>The server's side of TLS over a connection, which it owns.</summary>
    public static async Task<SslStream> AcceptAsync(Socket accepted, X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new NetworkStream(accepted, ownsSocket: true));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellationToken);
        return tls;
    }
}
