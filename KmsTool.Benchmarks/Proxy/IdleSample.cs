using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>What a proxy takes for connections that carry nothing.</summary>
/// <param name="Path">The path.</param>
/// <param name="Wanted">How many there were to be.</param>
/// <param name="Held">How many there were, and still at the end.</param>
/// <param name="Refusal">Why not all of them.</param>
/// <param name="Opened">How long opening took, each after the one before was answered.</param>
/// <param name="Memory">The proxy's memory with them.</param>
internal sealed record IdleSample(PathKind Path, int Wanted, int Held, string? Refusal, TimeSpan Opened, FamilyMemory Memory);
