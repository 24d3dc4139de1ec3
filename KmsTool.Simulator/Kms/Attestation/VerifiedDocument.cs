using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>An attestation document whose signatures and chain have been found good.</summary>
/// <param name="Recipient">What it attests.</param>
/// <param name="Timestamp">When it was made.</param>
/// <param name="ChainExpires">When the first certificate of its chain expires.</param>
internal sealed record VerifiedDocument(Recipient Recipient, DateTimeOffset Timestamp, DateTimeOffset ChainExpires)
{
    public static VerifiedDocument Of(AttestationDocument document, Recipient recipient)
    {
        DateTimeOffset expires = document.CaBundle.Append(document.Certificate).Min(ExpiryOf);
        return new VerifiedDocument(recipient, document.Timestamp, expires);
    }

    private static DateTimeOffset ExpiryOf(ReadOnlyMemory<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
        return certificate.NotAfter;
    }
}
