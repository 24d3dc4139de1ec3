using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Enclave.Commands;

/// <summary>Where KMS and the Nitro Secure Module are, and who is trusted to be KMS.</summary>
internal sealed record KmsSettings
{
    /// <summary>The parent's proxy.</summary>
    public required StreamAddress Proxy { get; init; }

    /// <summary>Whether the proxy is told where to go; if not, it leads to KMS.</summary>
    public bool ProxyTakesConnect { get; init; }

    /// <summary>Options of all sockets that listen or connect.</summary>
    public StreamSocketOptions Sockets { get; init; } = StreamSocketOptions.Default;

    /// <summary>The way to KMS.</summary>
    public ParentRoutes Parent => new() { Other = Proxy, OtherTakesConnect = ProxyTakesConnect, Sockets = Sockets };

    /// <summary>The device's path, or a stream address.</summary>
    public required string Nsm { get; init; }

    /// <summary>The region; <see langword="null"/> where none is named.</summary>
    public string? Region { get; init; }

    public KmsEndpoints Endpoints { get; init; } = new(null, Fips: false);

    /// <summary>PEM file of the only trust anchors.</summary>
    public required string CaBundle { get; init; }
}
