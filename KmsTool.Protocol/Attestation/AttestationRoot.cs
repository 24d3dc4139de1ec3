using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Protocol.Attestation;

/// <summary>The one root certificate that a verifier accepts, known by the SHA-256 of its DER.</summary>
public sealed class AttestationRoot
{
    private readonly byte[] _sha256;

    private AttestationRoot(byte[] sha256) => _sha256 = sha256;

    /// <summary>
    /// The AWS Nitro Enclaves root G1, subject C=US, O=Amazon, OU=AWS, CN=aws.nitro-enclaves. AWS publishes this
    /// fingerprint in the Nitro Enclaves User Guide, "Verifying the root of trust".
    /// </summary>
    public static AttestationRoot Aws { get; } = new(Convert.FromHexString("641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B"));

    /// <summary>Pins <paramref name="certificate"/>, for documents that were not signed by AWS hardware.</summary>
    public static AttestationRoot FromCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new AttestationRoot(SHA256.HashData(certificate.RawDataMemory.Span));
    }

    internal bool Matches(ReadOnlySpan<byte> der)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(der, hash);
        return CryptographicOperations.FixedTimeEquals(hash, _sha256);
    }
}
