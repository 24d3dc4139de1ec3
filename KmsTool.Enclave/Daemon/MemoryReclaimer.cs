namespace KmsTool.Enclave.Daemon;

/// <summary>
/// Gives memory back to the system after many connections have ended. The garbage collector would do so only with the next
/// full collection, which an enclave that has little to do may not come to for hours. It is done while no message is on its
/// way, worked on or being answered, so that no request waits for it.
/// </summary>
/// <param name="budget">Knows of messages.</param>
/// <param name="time">The clock.</param>
internal sealed class MemoryReclaimer(MessageBudget budget, TimeProvider time)
{
    /// <summary>So many connections fewer than there were make a collection worth its time.</summary>
    private const int WorthCollecting = 256;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Watches the number of connections until it is cancelled.</summary>
    /// <param name="countConnections">How many are open.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task RunAsync(Func<int> countConnections, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, time);
        int most = 0;
        while (await timer.WaitForNextTickAsync(stopping))
        {
            int open = countConnections();
            most = Math.Max(most, open);
            if (most - open < WorthCollecting || !budget.IsUnused)
                continue;

            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            most = open;
        }
    }
}
