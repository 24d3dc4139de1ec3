using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>An attestation document whose signatures and chain have been found good, or which needs none here.</summary>
/// <param name="Recipient">What it states.</param>
/// <param name="Timestamp">When it was made.</param>
/// <param name="ChainExpires">When the first certificate of its chain expires.</param>
/// <param name="IsUnsigned">Whether nobody has signed it, so that it proves nothing.</param>
internal sealed record AcceptedDocument(Recipient Recipient, DateTimeOffset Timestamp, DateTimeOffset ChainExpires, bool IsUnsigned)
{
    public static AcceptedDocument Verified(AttestationDocument document, Recipient recipient)
    {
        DateTimeOffset expires = document.CaBundle.Append(document.Certificate).Min(ExpiryOf);
        return new AcceptedDocument(recipient, document.Timestamp, expires, IsUnsigned: false);
    }

    public static AcceptedDocument Unsigned(AttestationDocument document, Recipient recipient) =>
        new(recipient, document.Timestamp, DateTimeOffset.MaxValue, IsUnsigned: true);

    private static DateTimeOffset ExpiryOf(ReadOnlyMemory<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
        return certificate.NotAfter;
    }
}
