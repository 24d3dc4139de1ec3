using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>A name that waits to be looked up, or is being looked up. <see cref="LookupThreads"/> changes it under its lock.</summary>
internal sealed class PendingLookup(string name, AddressFamily family)
{
    private readonly TaskCompletionSource<IPAddress[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => name;

    public AddressFamily Family => family;

    /// <summary>What the system answers; cancelled when nobody waited for it any more before its turn came.</summary>
    public Task<IPAddress[]> Answer => _answer.Task;

    /// <summary>Who waits for it, until its turn comes.</summary>
    public Tally Askers { get; } = new();

    /// <summary>Whose share of the threads it takes; <see langword="null"/> until its turn comes.</summary>
    public string? RunsFor { get; set; }

    /// <summary>Gives those who wait what the system has answered.</summary>
    public void Complete(Task<IPAddress[]> answer) => _answer.SetFromTask(answer);

    public void Cancel() => _answer.SetCanceled(CancellationToken.None);
}
