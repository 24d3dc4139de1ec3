using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Enclave.Hosting;

/// <summary>What the attested way to KMS is made from: where KMS and the Nitro Secure Module are, what is trusted and checked.</summary>
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

    /// <summary>What every request must agree with.</summary>
    public KmsPins Pins { get; init; } = KmsPins.None;

    /// <summary>How long recipient keys and attestation documents are used.</summary>
    public RecipientSettings Recipient { get; init; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromHours(1));

    /// <summary>What is checked and prepared before the first key is made: keys need good random numbers.</summary>
    public StartupSettings Startup { get; init; } = new();
}
