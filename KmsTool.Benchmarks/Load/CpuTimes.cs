using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>CPU time by who spent it.</summary>
/// <param name="Enclave">The enclave program alone.</param>
/// <param name="Simulator">KMS and NSM.</param>
/// <param name="Proxy">kmstool-instance vsock-proxy; zero where the enclave dials KMS itself.</param>
/// <param name="Tool">This program, which plays the clients.</param>
/// <param name="Machine">Everything on the machine, these four included.</param>
internal readonly record struct CpuTimes(TimeSpan Enclave, TimeSpan Simulator, TimeSpan Proxy, TimeSpan Tool, TimeSpan Machine)
{
    /// <summary>What had nothing to do with the measurement.</summary>
    public TimeSpan Others => Machine - Enclave - Simulator - Proxy - Tool;

    public static CpuTimes Read(Testbed testbed, StartedProgram enclave) => new(
        enclave.Usage.Cpu,
        testbed.Simulator.Usage.Cpu,
        testbed.Proxy?.Usage.Cpu ?? TimeSpan.Zero,
        ProcessUsage.Of(Environment.ProcessId).Cpu,
        ProcessUsage.ReadMachineCpu());

    public static CpuTimes operator -(CpuTimes later, CpuTimes earlier) => new(
        later.Enclave - earlier.Enclave,
        later.Simulator - earlier.Simulator,
        later.Proxy - earlier.Proxy,
        later.Tool - earlier.Tool,
        later.Machine - earlier.Machine);
}
