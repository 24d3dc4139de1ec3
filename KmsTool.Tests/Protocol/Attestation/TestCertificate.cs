using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>What a certificate of a test chain says. The defaults are those of an authority of the Nitro PKI.</summary>
internal sealed record TestCertificate
{
    public required string Subject { get; init; }

    /// <summary>Null: the subject of the certificate above.</summary>
    public string? Issuer { get; init; }

    public DateTimeOffset NotBefore { get; init; } = TestChain.Now.AddHours(-1);

    public DateTimeOffset NotAfter { get; init; } = TestChain.Now.AddHours(2);

    /// <summary>Null: no basic constraints.</summary>
    public bool? IsAuthority { get; init; } = true;

    public int? PathLength { get; init; }

    /// <summary>Null: no key usage.</summary>
    public X509KeyUsageFlags? KeyUsage { get; init; } = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature;

    public IReadOnlyList<X509Extension> Extensions { get; init; } = [];

    public ECCurve Curve { get; init; } = ECCurve.NamedCurves.nistP384;

    /// <summary>The hash of the signature on this certificate.</summary>
    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA384;

    /// <summary>Null: the key of the certificate above. Otherwise a key that has no business here.</summary>
    public ECDsa? SigningKey { get; init; }

    public byte[] Encode(ECDsa key, string issuer, ECDsa issuerKey)
    {
        var request = new CertificateRequest(new X500DistinguishedName(Subject), key, Hash);
        if (IsAuthority is { } isAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, PathLength is not null, PathLength ?? 0, critical: true));
        }
        if (KeyUsage is { } usage)
        {
            request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: IsAuthority == true));
        }
        foreach (X509Extension extension in Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }
        using X509Certificate2 certificate = request.Create(
            new X500DistinguishedName(Issuer ?? issuer),
            X509SignatureGenerator.CreateForECDsa(SigningKey ?? issuerKey),
            NotBefore,
            NotAfter,
            RandomNumberGenerator.GetBytes(16));
        return certificate.RawData;
    }
}
