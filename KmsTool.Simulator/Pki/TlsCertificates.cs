using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Simulator.Faults;

namespace KmsTool.Simulator.Pki;

/// <summary>
/// The HTTPS server's certificates: the right one and, for fault switches, wrong ones. They live in memory only and are
/// made at every start, since the names in them depend on the command line.
/// </summary>
internal sealed class TlsCertificates : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(397);
    private static readonly TimeSpan Backdating = TimeSpan.FromDays(30);

    private readonly X509Certificate2 _authority;
    private readonly IReadOnlyList<string> _names;
    private readonly FaultSwitches _faults;
    private readonly DateTimeOffset _now;
    private readonly List<X509Certificate2> _issued = [];
    private readonly SslServerAuthenticationOptions _good;
    private readonly Lazy<SslServerAuthenticationOptions> _wrongName, _expired, _untrusted;

    public TlsCertificates(X509Certificate2 authority, IReadOnlyList<string> names, FaultSwitches faults, DateTimeOffset now)
    {
        _authority = authority;
        _names = names;
        _faults = faults;
        _now = now;
        _good = CreateOptions(authority, names, Current);
        _wrongName = new(() => CreateOptions(authority, ["wrong-name.invalid"], Current));
        _expired = new(() => CreateOptions(authority, _names, new Validity(now - Backdating, now - TimeSpan.FromDays(1))));
        _untrusted = new(CreateUntrustedOptions);
    }

    /// <summary>What the next TLS handshake uses.</summary>
    public SslServerAuthenticationOptions SelectOptions()
    {
        if (_faults[SimulatorFault.TlsWrongName])
        {
            return _wrongName.Value;
        }

        if (_faults[SimulatorFault.TlsExpired])
        {
            return _expired.Value;
        }

        return _faults[SimulatorFault.TlsUntrusted] ? _untrusted.Value : _good;
    }

    public void Dispose()
    {
        lock (_issued)
        {
            _issued.ForEach(static certificate => certificate.Dispose());
        }
    }

    private Validity Current => Validity.Around(_now, Backdating, Lifetime);

    // The authority has the right name and the wrong key, as a forger's would.
    private SslServerAuthenticationOptions CreateUntrustedOptions()
    {
        using X509Certificate2 stranger = CertificateIssuer.IssueRoot(_authority.Subject, ECCurve.NamedCurves.nistP256, Current);
        return CreateOptions(stranger, _names, Current);
    }

    private SslServerAuthenticationOptions CreateOptions(X509Certificate2 authority, IReadOnlyList<string> names, Validity validity)
    {
        X509Certificate2 certificate = CertificateIssuer.IssueLeaf(
            authority, "CN=kmstool-simulator", validity, CreateAlternativeNames(names), CreateServerAuthentication());
        lock (_issued)
        {
            _issued.Add(certificate);
        }

        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
    }

    private static X509Extension CreateAlternativeNames(IReadOnlyList<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        return builder.Build();
    }

    private static X509EnhancedKeyUsageExtension CreateServerAuthentication() =>
        new([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false);
}
