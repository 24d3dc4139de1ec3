using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>What the certificate of a valid document says of itself.</summary>
internal sealed record SignerCertificate(string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public static SignerCertificate Of(AttestationDocument document)
    {
        var certificate = AttestationCertificate.Parse(document.Certificate, "certificate");
        return new SignerCertificate(ReadSubject(certificate), certificate.NotBefore, certificate.NotAfter);
    }

    /// <summary>A time as reports write it.</summary>
    public static string Iso8601(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    private static string ReadSubject(AttestationCertificate certificate)
    {
        try
        {
            return new X500DistinguishedName(certificate.SubjectName.Span).Name;
        }
        catch (CryptographicException)
        {
            // Names are compared byte for byte, so a name that cannot be read may stand in a valid chain.
            return "unreadable";
        }
    }
}
