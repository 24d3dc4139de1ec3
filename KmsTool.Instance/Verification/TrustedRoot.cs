using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.CommandLine;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>The root certificate that a document must lead to.</summary>
/// <param name="Root">Which.</param>
/// <param name="Name">What it is called to people.</param>
/// <param name="IsAws">Whether documents under it come from AWS hardware.</param>
internal sealed record TrustedRoot(AttestationRoot Root, string Name, bool IsAws)
{
    private const int MaxFileLength = 64 * 1024;

    public static TrustedRoot Aws { get; } = new(AttestationRoot.Aws, "AWS Nitro Enclaves root G1", IsAws: true);

    /// <summary>Reads one certificate, PEM or DER.</summary>
    /// <exception cref="CommandFailedException">The file cannot be read, or holds none.</exception>
    public static async Task<TrustedRoot> LoadAsync(string path, CancellationToken cancellationToken)
    {
        byte[] content = await BoundedInput.ReadAsync(path, "The root certificate", MaxFileLength, cancellationToken);
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(content);
            return AttestationRoot.Aws.Matches(certificate.RawDataMemory.Span)
                ? Aws
                : new TrustedRoot(AttestationRoot.FromCertificate(certificate), path, IsAws: false);
        }
        catch (CryptographicException e)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The root certificate in {path} is not a certificate in PEM or DER", e);
        }
    }
}
