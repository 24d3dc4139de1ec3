using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary>
/// Writes the certificate of an image's signer: what this program says of it, and with it the <c>IssuerName</c>,
/// <c>Algorithm</c>, <c>NotBefore</c>, <c>NotAfter</c> and <c>Signature</c> of <c>nitro-cli describe-eif</c>, in OpenSSL's words.
/// </summary>
internal static class SigningCertificateJson
{
    /// <summary>OpenSSL's long names of what distinguished names are mostly made of (X.520); others keep their numbers.</summary>
    private static readonly Dictionary<string, string> AttributeNames = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "commonName",
        ["2.5.4.5"] = "serialNumber",
        ["2.5.4.6"] = "countryName",
        ["2.5.4.7"] = "localityName",
        ["2.5.4.8"] = "stateOrProvinceName",
        ["2.5.4.10"] = "organizationName",
        ["2.5.4.11"] = "organizationalUnitName",
        ["1.2.840.113549.1.9.1"] = "emailAddress",
    };

    private static readonly Dictionary<string, string> AlgorithmNames = new(StringComparer.Ordinal)
    {
        ["1.2.840.10045.4.3.2"] = "ecdsa-with-SHA256",
        ["1.2.840.10045.4.3.3"] = "ecdsa-with-SHA384",
        ["1.2.840.10045.4.3.4"] = "ecdsa-with-SHA512",
        ["1.2.840.113549.1.1.11"] = "sha256WithRSAEncryption",
        ["1.2.840.113549.1.1.12"] = "sha384WithRSAEncryption",
        ["1.2.840.113549.1.1.13"] = "sha512WithRSAEncryption",
    };

    public static void Write(Utf8JsonWriter json, ImageSignature signature)
    {
        json.WriteStartObject("SigningCertificate");
        json.WriteString("Subject", signature.Subject);
        json.WriteString("Issuer", signature.Issuer);
        WriteIssuerName(json, signature.Certificate.Span);
        json.WriteString("NotBefore", FormatOpenSslTime(signature.NotBefore));
        json.WriteString("NotAfter", FormatOpenSslTime(signature.NotAfter));
        json.WriteBase64String("Der", signature.Certificate.Span);
        json.WriteEndObject();
    }

    /// <summary>As ASN1_TIME_print writes it: <c>Jan  2 03:04:05 2026 GMT</c>.</summary>
    private static string FormatOpenSslTime(DateTimeOffset time)
    {
        DateTime utc = time.UtcDateTime;
        return string.Create(CultureInfo.InvariantCulture, $"{utc:MMM} {utc.Day,2} {utc:HH:mm:ss} {utc.Year} GMT");
    }

    private static void WriteIssuerName(Utf8JsonWriter json, ReadOnlySpan<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        var issuer = new Dictionary<string, string>(StringComparer.Ordinal);
        string? signature;
        try
        {
            foreach (X500RelativeDistinguishedName part in certificate.IssuerName.EnumerateRelativeDistinguishedNames())
            {
                if (!part.HasMultipleElements && part.GetSingleElementType().Value is { } type)
                {
                    issuer[AttributeNames.GetValueOrDefault(type, type)] = part.GetSingleElementValue() ?? "";
                }
            }

            signature = ReadSignature(der);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            // An unusual certificate: PCR8 measures it all the same, and its subject and issuer are there.
            return;
        }

        json.WriteStartObject("IssuerName");
        foreach ((string name, string value) in issuer)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        string algorithm = certificate.SignatureAlgorithm.Value ?? "";
        json.WriteString("Algorithm", AlgorithmNames.GetValueOrDefault(algorithm, algorithm));
        json.WriteString("Signature", signature);
    }

    /// <summary>The issuer's signature, <c>XX:XX:…</c> (RFC 5280 section 4.1.1.3).</summary>
    private static string ReadSignature(ReadOnlySpan<byte> der)
    {
        AsnReader certificate = new AsnReader(der.ToArray(), AsnEncodingRules.DER).ReadSequence();
        certificate.ReadEncodedValue();
        certificate.ReadEncodedValue();
        return BitConverter.ToString(certificate.ReadBitString(out _)).Replace('-', ':');
    }
}
