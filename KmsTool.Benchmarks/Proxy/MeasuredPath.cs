using System.Net;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>One way to the destination, and the program that it leads through.</summary>
internal sealed class MeasuredPath(PathKind kind, EndPoint entrance, StartedProgram? program) : IAsyncDisposable
{
    public PathKind Kind => kind;

    /// <summary>Where the enclave's side connects.</summary>
    public EndPoint Entrance => entrance;

    /// <summary>CPU time of the program and its children; zero where there is none.</summary>
    public TimeSpan ReadCpu() => program is null ? TimeSpan.Zero : ProcessFamily.ReadCpu(program.Id);

    public FamilyMemory ReadMemory() => program is null ? default : ProcessFamily.ReadMemory(program.Id);

    public ValueTask DisposeAsync() => program?.DisposeAsync() ?? ValueTask.CompletedTask;
}
