using System.Net;
using KmsTool.Enclave.Kms;
using KmsTool.Signing;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>Where the KMS proxy listens, and its bounds.</summary>
internal sealed record KmsProxySettings
{
    public const int DefaultPort = 9999;

    /// <summary>Loopback, unless somebody has insisted.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, or 0 for any.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>The regions that may be named.</summary>
    public required ProxyRegions Regions { get; init; }

    /// <summary>
    /// Connections open at once. The one that has been without a request for the longest time gives way to a further one, which
    /// waits when every connection has a request.
    /// </summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>How long a request may take, once it is here.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a connection may be silent before its first request and between requests. The server looks once a second and adds
    /// a second, so that a connection ends within 10 s.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long the head of a request may take, measured as <see cref="IdleTimeout"/> is.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a body may come slower than 240 bytes a second.</summary>
    public TimeSpan BodyPatience { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>The regions that applications may name in their signatures, and where KMS of each is.</summary>
/// <param name="Endpoints">By region code.</param>
internal sealed record ProxyRegions(IReadOnlyDictionary<string, KmsEndpoint> Endpoints)
{
    /// <exception cref="SignatureException">The region is not among those that are configured.</exception>
    public KmsEndpoint Find(string region) => Endpoints.TryGetValue(region, out KmsEndpoint? endpoint)
        ? endpoint
        : throw new SignatureException(SignatureFailure.Invalid,
            $"Credential should be scoped to a valid region: this enclave uses KMS of {string.Join(", ", Endpoints.Keys.Order(StringComparer.Ordinal))}");
}
