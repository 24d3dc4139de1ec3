using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// The root certificates of one PEM file: the only ones that a TLS server's certificate may chain to. .NET's own trust would add
/// those of <c>SSL_CERT_DIR</c> and of the stores below <c>$HOME/.dotnet</c>.
/// </summary>
internal sealed class TrustAnchors
{
    // Of Debian, Ubuntu and containers/assemble-root.sh; of Amazon Linux and Fedora; of SUSE.
    private static readonly string[] DefaultPaths =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

    private readonly X509Certificate2[] _roots;

    private TrustAnchors(X509Certificate2[] roots) => _roots = roots;

    /// <summary>Gets the path of the bundle that the distribution of the image installs; the first of the known ones if none exists.</summary>
    public static string DefaultPath => Array.Find(DefaultPaths, File.Exists) ?? DefaultPaths[0];

    /// <summary>Reads the self-issued certificates of a PEM file. An intermediate certificate is not a root, so it is skipped.</summary>
    /// <exception cref="IOException">The file cannot be read or parsed, or holds no root certificate.</exception>
    public static TrustAnchors Read(string path)
    {
        var bundle = new X509Certificate2Collection();
        try
        {
            bundle.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new IOException(e.Message, e);
        }

        X509Certificate2[] roots = [.. bundle.Where(certificate => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData))];
        return roots.Length > 0 ? new TrustAnchors(roots) : throw new IOException("it holds no root certificate");
    }

    /// <summary>Creates a client's TLS options that accept only certificates below these roots.</summary>
    public SslClientAuthenticationOptions CreateClientOptions()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Only the parent could answer a download or a revocation query.
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(_roots);
        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = policy,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            RemoteCertificateValidationCallback = RequireAcceptable,
        };
    }

    /// <summary>Adds to .NET's checks: a name in the certificate's subject does not count, and intermediate certificates come from the server.</summary>
    /// <exception cref="AuthenticationException">The certificate is refused; the message says why, which a result of false could not.</exception>
    private static bool RequireAcceptable(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        List<string> reasons = [.. chain?.ChainStatus.Select(status => status.Status.ToString()) ?? []];
        errors &= ~SslPolicyErrors.RemoteCertificateChainErrors;
        if (certificate is X509Certificate2 own && !own.MatchesHostname(((SslStream)sender).TargetHostName, allowCommonName: false))
        {
            errors |= SslPolicyErrors.RemoteCertificateNameMismatch;
        }

        if (errors != SslPolicyErrors.None)
        {
            reasons.Add(errors.ToString());
        }

        // .NET takes them from the user's stores, too.
        if (chain?.ChainElements.Skip(1).SkipLast(1).All(element => IsSent(element.Certificate, chain)) is not true)
        {
            reasons.Add(nameof(X509ChainStatusFlags.PartialChain));
        }

        return reasons.Count == 0
            ? true
            : throw new AuthenticationException($"the certificate is refused: {string.Join(", ", reasons.Distinct())}");
    }

    private static bool IsSent(X509Certificate2 certificate, X509Chain chain) =>
        chain.ChainPolicy.ExtraStore.Any(sent => sent.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));
}
