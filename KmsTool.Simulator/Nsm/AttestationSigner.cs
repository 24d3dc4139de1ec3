using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;
using KmsTool.Simulator.Pki;

namespace KmsTool.Simulator.Nsm;

/// <summary>Signs attestation documents with a chain that is renewed long before its leaf expires.</summary>
internal sealed class AttestationSigner(X509Certificate2 root, string region, string instanceId, string moduleId) : IDisposable
{
    private static readonly TimeSpan RenewAfter = NsmChain.LeafLifetime / 2;

    private readonly Lock _lock = new();
    private NsmChain? _chain;
    private DateTimeOffset _issuedAt;

    /// <summary>Completes the document with the certificates and signs it, untagged as devices do.</summary>
    public byte[] Sign(Func<ReadOnlyMemory<byte>, IReadOnlyList<ReadOnlyMemory<byte>>, AttestationDocument> document, DateTimeOffset now)
    {
        // An ECDsa must not sign on two threads at once, and the device works on one request at a time too.
        lock (_lock)
        {
            NsmChain chain = GetChain(now);
            byte[] payload = document(chain.Certificate, chain.Authorities).EncodePayload();
            return CoseSign1.Sign(payload, chain.Key, tagged: false);
        }
    }

    public void Dispose() => _chain?.Dispose();

    private NsmChain GetChain(DateTimeOffset now)
    {
        // The clock may also have been set back.
        if (_chain is null || now - _issuedAt > RenewAfter || now < _issuedAt)
        {
            _chain?.Dispose();
            _chain = NsmChain.Issue(root, region, instanceId, moduleId, now);
            _issuedAt = now;
        }

        return _chain;
    }
}

/// <summary>A certificate chain of the depth and the lifetimes that Nitro's has, and the key at its end.</summary>
internal sealed class NsmChain : IDisposable
{
    private readonly X509Certificate2 _leaf;

    private NsmChain(X509Certificate2 leaf, IReadOnlyList<ReadOnlyMemory<byte>> authorities)
    {
        _leaf = leaf;
        Authorities = authorities;
        Key = leaf.GetECDsaPrivateKey()!;
    }

    /// <summary>The leaf's certificate.</summary>
    public ReadOnlyMemory<byte> Certificate => _leaf.RawDataMemory;

    /// <summary>What leads to the leaf, the root first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Authorities { get; }

    /// <summary>The leaf's key.</summary>
    public ECDsa Key { get; }

    /// <summary>Issues regional, zonal, instance and enclave certificates below the root, all valid at the given time.</summary>
    public static NsmChain Issue(X509Certificate2 root, string region, string instanceId, string moduleId, DateTimeOffset now)
    {
        string suffix = $"{region}.aws.nitro-enclaves";
        using X509Certificate2 regional = CertificateIssuer.IssueAuthority(root, FormatSubject(suffix), 2, CreateValidity(now, TimeSpan.FromDays(20)));
        using X509Certificate2 zonal = CertificateIssuer.IssueAuthority(regional, FormatSubject($"zonal.{suffix}"), 1, CreateValidity(now, TimeSpan.FromDays(6)));
        using X509Certificate2 instance = CertificateIssuer.IssueAuthority(zonal, FormatSubject($"{instanceId}.{suffix}"), 0, CreateValidity(now, TimeSpan.FromDays(1)));
        X509Certificate2 leaf = CertificateIssuer.IssueLeaf(instance, FormatSubject($"{moduleId}.{region}.aws"), CreateValidity(now, LeafLifetime));
        return new NsmChain(leaf, [root.RawDataMemory, regional.RawDataMemory, zonal.RawDataMemory, instance.RawDataMemory]);
    }

    /// <summary>How long an enclave's certificate lives.</summary>
    public static TimeSpan LeafLifetime { get; } = TimeSpan.FromHours(3);

    public void Dispose()
    {
        Key.Dispose();
        _leaf.Dispose();
    }

    private static Validity CreateValidity(DateTimeOffset now, TimeSpan lifetime) => Validity.Around(now, TimeSpan.FromMinutes(1), lifetime);

    private static string FormatSubject(string commonName) => $"CN={commonName}, O=KmsTool simulator (not AWS)";
}
