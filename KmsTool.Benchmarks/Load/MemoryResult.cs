using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>The enclave's memory after a number of Decrypts.</summary>
internal sealed record MemoryResult(int Decrypts, ProcessUsage Enclave);
