using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>The root certificate that a document must lead to.</summary>
/// <param name="Root">Which.</param>
/// <param name="Name">Its name in reports.</param>
/// <param name="IsAws">Whether documents under it come from AWS hardware.</param>
internal sealed record TrustedRoot(AttestationRoot Root, string Name, bool IsAws)
{
    public static TrustedRoot Aws { get; } = new(AttestationRoot.Aws, "AWS Nitro Enclaves root G1", IsAws: true);

    /// <summary>Reads one certificate, PEM or DER.</summary>
    /// <param name="content">The certificate.</param>
    /// <param name="name">Its name in reports, unless it is AWS's.</param>
    /// <exception cref="CryptographicException">It is not a certificate.</exception>
    public static TrustedRoot Parse(byte[] content, string name)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(content);
        return AttestationRoot.Aws.Matches(certificate.RawDataMemory.Span)
            ? Aws
            : new TrustedRoot(AttestationRoot.FromCertificate(certificate), name, IsAws: false);
    }
}
