using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Simulator.Pki;

/// <summary>The simulator's two authorities, kept in <c>DIR/pki</c> so that they are the same at the next start.</summary>
internal sealed class AuthorityFiles(string directory)
{
    private const string TlsAuthority = "tls-ca";
    private const string NsmRoot = "nsm-root";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    // The simulator's clock may be set back; its roots must be valid there too.
    private static readonly TimeSpan Backdating = TimeSpan.FromDays(60);

    private readonly string _directory = Path.Combine(directory, "pki");

    /// <summary>The authority of the HTTPS certificates, P-256.</summary>
    public X509Certificate2 LoadOrCreateTlsAuthority(DateTimeOffset now) =>
        LoadOrCreate(TlsAuthority, () => CertificateIssuer.IssueRoot(
            "CN=kmstool-simulator TLS CA, O=KmsTool simulator (not AWS)", ECCurve.NamedCurves.nistP256, CreateValidity(now)));

    /// <summary>The root of the attestation documents, P-384.</summary>
    public X509Certificate2 LoadOrCreateNsmRoot(DateTimeOffset now) =>
        LoadOrCreate(NsmRoot, () => CertificateIssuer.IssueRoot(
            "CN=kmstool-simulator.nitro-enclaves, O=KmsTool simulator (not AWS)", ECCurve.NamedCurves.nistP384, CreateValidity(now)));

    /// <summary>The root of the attestation documents, if a simulator has been started here before.</summary>
    /// <exception cref="FileNotFoundException">No simulator has been started in the folder.</exception>
    public X509Certificate2 LoadNsmRoot() => Load(NsmRoot);

    private static Validity CreateValidity(DateTimeOffset now) => Validity.Around(now, Backdating, Lifetime);

    private string GetCertificatePath(string name) => Path.Combine(_directory, name + ".pem");

    private string GetKeyPath(string name) => Path.Combine(_directory, name + ".key");

    private X509Certificate2 Load(string name) => X509Certificate2.CreateFromPemFile(GetCertificatePath(name), GetKeyPath(name));

    private X509Certificate2 LoadOrCreate(string name, Func<X509Certificate2> create)
    {
        if (File.Exists(GetCertificatePath(name)))
        {
            return Load(name);
        }

        PrivateFile.CreateDirectory(_directory);
        X509Certificate2 certificate = create();
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        // The certificate last: where it exists, its key does.
        PrivateFile.Write(GetKeyPath(name), key.ExportPkcs8PrivateKeyPem() + "\n");
        PrivateFile.Write(GetCertificatePath(name), certificate.ExportCertificatePem() + "\n");
        return certificate;
    }
}
