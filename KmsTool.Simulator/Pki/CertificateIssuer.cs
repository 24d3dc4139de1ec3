using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Simulator.Pki;

/// <summary>Issues X.509 certificates with the extensions that strict verifiers ask for (RFC 5280, section 4.2).</summary>
internal static class CertificateIssuer
{
    private const int SerialNumberLength = 16;

    /// <summary>A self-signed authority with a new key on the given curve.</summary>
    public static X509Certificate2 IssueRoot(string subject, ECCurve curve, Validity validity)
    {
        using var key = ECDsa.Create(curve);
        CertificateRequest request = CreateRequest(subject, key, key.KeySize);
        AddAuthorityExtensions(request, pathLength: null);
        return request.CreateSelfSigned(validity.NotBefore, validity.NotAfter);
    }

    /// <summary>An authority below another one, with a new key on its issuer's curve.</summary>
    public static X509Certificate2 IssueAuthority(X509Certificate2 issuer, string subject, int pathLength, Validity validity) =>
        Issue(issuer, subject, validity, request => AddAuthorityExtensions(request, pathLength));

    /// <summary>An end-entity certificate that may sign, with a new key on its issuer's curve.</summary>
    public static X509Certificate2 IssueLeaf(X509Certificate2 issuer, string subject, Validity validity, params ReadOnlySpan<X509Extension> extensions)
    {
        X509Extension[] more = extensions.ToArray();
        return Issue(issuer, subject, validity, request =>
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
            foreach (X509Extension extension in more)
            {
                request.CertificateExtensions.Add(extension);
            }
        });
    }

    private static X509Certificate2 Issue(X509Certificate2 issuer, string subject, Validity validity, Action<CertificateRequest> addExtensions)
    {
        using ECDsa issuerKey = issuer.GetECDsaPrivateKey()
            ?? throw new InvalidOperationException($"The private key of {issuer.Subject} is not at hand.");
        using var key = ECDsa.Create(issuerKey.ExportParameters(includePrivateParameters: false).Curve);
        CertificateRequest request = CreateRequest(subject, key, issuerKey.KeySize);
        addExtensions(request);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        Validity within = validity.Within(new Validity(issuer.NotBefore, issuer.NotAfter));
        using X509Certificate2 certificate = request.Create(issuer, within.NotBefore, within.NotAfter, CreateSerialNumber());
        return certificate.CopyWithPrivateKey(key);
    }

    private static CertificateRequest CreateRequest(string subject, ECDsa key, int signerKeySize)
    {
        HashAlgorithmName hash = signerKeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        var request = new CertificateRequest(subject, key, hash);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static void AddAuthorityExtensions(CertificateRequest request, int? pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
    }

    private static byte[] CreateSerialNumber()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(SerialNumberLength);
        // Positive and of full length, whatever was drawn.
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}

/// <summary>The period in which a certificate is valid.</summary>
internal readonly record struct Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>From a while before a moment, for clocks that are slow, until a while after it.</summary>
    public static Validity Around(DateTimeOffset moment, TimeSpan before, TimeSpan after) => new(moment - before, moment + after);

    /// <summary>What lies within another period: a certificate must not outlive its issuer.</summary>
    public Validity Within(Validity outer) => new(
        NotBefore > outer.NotBefore ? NotBefore : outer.NotBefore,
        NotAfter < outer.NotAfter ? NotAfter : outer.NotAfter);
}
