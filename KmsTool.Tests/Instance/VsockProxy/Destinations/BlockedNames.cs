using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

/// <summary>Stands in for a resolver whose name servers do not answer for <c>*.slow.test</c>, until it is disposed of.</summary>
internal sealed class BlockedNames : IDisposable
{
    private readonly ManualResetEventSlim _gate = new();
    private readonly SemaphoreSlim _begun = new(0);
    private readonly ConcurrentQueue<string> _asked = new();

    /// <summary>What has been looked up, in its order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>A <see cref="SystemLookup"/>.</summary>
    public IPAddress[] LookUp(string name, AddressFamily family)
    {
        Assert.False(Thread.CurrentThread.IsThreadPoolThread, "the pool's threads are not for waiting");
        _asked.Enqueue(name);
        _begun.Release();
        if (name.EndsWith(".slow.test", StringComparison.Ordinal))
        {
            _gate.Wait();
        }

        return [IPAddress.Loopback];
    }

    /// <summary>As a <see cref="NameLookup"/>.</summary>
    public Task<IPAddress[]> LookUpAsync(string name, AddressFamily family, CancellationToken cancellationToken) =>
        Task.FromResult(LookUp(name, family));

    /// <summary>Waits until so many lookups more have begun.</summary>
    public async Task WaitForBegunAsync(int count, CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            await _begun.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Lets the lookups end. The events are left to the collector: lookups may still be about to end.</summary>
    public void Dispose() => _gate.Set();
}
