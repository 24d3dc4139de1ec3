using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Simulator.Pki;

namespace KmsTool.Simulator.Nsm;

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
        using X509Certificate2 regional = CertificateIssuer.IssueAuthority(root, Subject(suffix), 2, ValidFor(now, TimeSpan.FromDays(20)));
        using X509Certificate2 zonal = CertificateIssuer.IssueAuthority(regional, Subject($"zonal.{suffix}"), 1, ValidFor(now, TimeSpan.FromDays(6)));
        using X509Certificate2 instance = CertificateIssuer.IssueAuthority(zonal, Subject($"{instanceId}.{suffix}"), 0, ValidFor(now, TimeSpan.FromDays(1)));
        X509Certificate2 leaf = CertificateIssuer.IssueLeaf(instance, Subject($"{moduleId}.{region}.aws"), ValidFor(now, LeafLifetime));
        return new NsmChain(leaf, [root.RawDataMemory, regional.RawDataMemory, zonal.RawDataMemory, instance.RawDataMemory]);
    }

    /// <summary>How long an enclave's certificate lives.</summary>
    public static TimeSpan LeafLifetime { get; } = TimeSpan.FromHours(3);

    public void Dispose()
    {
        Key.Dispose();
        _leaf.Dispose();
    }

    private static Validity ValidFor(DateTimeOffset now, TimeSpan lifetime) => Validity.Around(now, TimeSpan.FromMinutes(1), lifetime);

    private static string Subject(string commonName) => $"CN={commonName}, O=KmsTool simulator (not AWS)";
}
