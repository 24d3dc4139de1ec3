using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>CPU time by who spent it.</summary>
/// <param name="Proxy">The program between the two sides, with its children.</param>
/// <param name="Tool">This program, which plays both sides.</param>
/// <param name="Machine">Everything on the machine, these two included.</param>
internal readonly record struct CpuShares(TimeSpan Proxy, TimeSpan Tool, TimeSpan Machine)
{
    /// <summary>What had nothing to do with the measurement.</summary>
    public TimeSpan Others => Machine - Proxy - Tool;

    public static CpuShares Read(MeasuredPath path) => new(
        path.ReadCpu(), ProcessUsage.Of(Environment.ProcessId).Cpu, ProcessUsage.ReadMachineCpu());

    public static CpuShares operator +(CpuShares one, CpuShares other) => new(
        one.Proxy + other.Proxy, one.Tool + other.Tool, one.Machine + other.Machine);

    public static CpuShares operator -(CpuShares later, CpuShares earlier) => new(
        later.Proxy - earlier.Proxy, later.Tool - earlier.Tool, later.Machine - earlier.Machine);
}
