namespace KmsTool.Benchmarks.Proxy;

/// <summary>What can be measured by itself, with <c>--only</c>.</summary>
internal enum ProxyPart
{
    Throughput,
    Connections,
    RoundTrip,
    Idle,
}
