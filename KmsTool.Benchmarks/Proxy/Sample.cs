namespace KmsTool.Benchmarks.Proxy;

/// <summary>What went along one path in one round.</summary>
/// <param name="Path">The path.</param>
/// <param name="Round">The round; what is compared is of the same one.</param>
/// <param name="Done">Bytes or connections.</param>
/// <param name="Elapsed">In how much time.</param>
/// <param name="Cpu">CPU time spent meanwhile.</param>
internal sealed record Sample(PathKind Path, int Round, long Done, TimeSpan Elapsed, CpuShares Cpu)
{
    public double PerSecond => Done / Elapsed.TotalSeconds;

    /// <summary>CPU seconds of the proxy for each byte or connection.</summary>
    public double ProxyCpuSeconds => Cpu.Proxy.TotalSeconds / Done;

    /// <summary>The same of this program.</summary>
    public double ToolCpuSeconds => Cpu.Tool.TotalSeconds / Done;
}
