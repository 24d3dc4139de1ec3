using KmsTool.Protocol;

namespace KmsTool.Enclave.Daemon;

/// <summary>
/// Gives memory back to the system after many connections have ended. The garbage collector would do so only with the next
/// full collection, which an enclave that has little to do may not come to for hours. A collection stops every thread for tens of
/// milliseconds, so it waits until no request is in progress.
/// </summary>
/// <param name="isIdle">Whether no request is in progress.</param>
/// <param name="reclaim">What is done after a burst: <see cref="Collect"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class MemoryReclaimer(Func<bool> isIdle, Action reclaim, TimeProvider time)
{
    /// <summary>So many connections fewer than there were make a collection worth its time.</summary>
    private const int WorthCollecting = 256;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A number that is noted while a collection sets it back may be lost, which costs one collection.
    private volatile int _most;

    /// <summary>Collects and compacts, and gives what is free back to the system.</summary>
    public static void Collect()
    {
        SensitiveArrayPool.Trim();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Takes note of how many connections are open. By one thread at a time.</summary>
    public void Note(int open) => _most = Math.Max(_most, open);

    /// <summary>Collects after each burst until it is cancelled.</summary>
    /// <param name="countConnections">How many are open.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task RunAsync(Func<int> countConnections, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        int open = 0;
        while (await timer.WaitForNextTickAsync(stopping))
        {
            int before = open;
            open = countConnections();
            // While more connections end it is too early: too few for another collection might be left.
            if (_most - open < WorthCollecting || open < before || !isIdle())
            {
                continue;
            }

            reclaim();
            _most = open;
        }
    }
}
