namespace KmsTool.Benchmarks.Proxy;

/// <summary>The ways from the enclave's side to the destination.</summary>
internal enum PathKind
{
    /// <summary>TCP, with nothing between.</summary>
    Direct,

    /// <summary><see cref="MinimalRelay"/>.</summary>
    MinimalRelay,

    /// <summary>Debian's socat.</summary>
    Socat,

    /// <summary>The published kmstool-instance vsock-proxy.</summary>
    Kmstool,
}
