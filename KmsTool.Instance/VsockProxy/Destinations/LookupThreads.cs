using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using KmsTool.Networking;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Looks names up on a few threads of its own. The system's resolver blocks its thread, for half a minute where name servers do
/// not answer: threads of the pool would be missing for every relay and every timeout. A name is looked up once at a time, for
/// all who ask; no requester takes all threads, nor all places to wait.
/// </summary>
internal sealed class LookupThreads(LookupBounds bounds, SystemLookup lookup)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, AddressFamily Family), PendingLookup> _pending = [];
    private readonly List<PendingLookup> _queue = [];
    private readonly KeyedConcurrencyLimiter _waiting = new(bounds.WaitingOfOne);
    private readonly KeyedConcurrencyLimiter _running = new(bounds.ThreadsOfOne);
    private int _threads;

    /// <summary>
    /// Has a name looked up, or joins those who wait for it already. The caller has to <see cref="Leave"/> when it waits no more.
    /// </summary>
    /// <returns><see langword="false"/> when too many names wait already.</returns>
    public bool TryJoin(string name, AddressFamily family, string requester, [NotNullWhen(true)] out PendingLookup? pending)
    {
        (string, AddressFamily) key = KeyOf(name, family);
        lock (_lock)
        {
            if (_pending.TryGetValue(key, out pending))
            {
                if (pending.RunsFor is not null)
                {
                    return true;
                }
            }
            else if (_queue.Count < bounds.Waiting)
            {
                pending = new PendingLookup(name, family);
            }

            if (pending is null || (!pending.Requesters.IsHolder(requester) && !_waiting.TryAcquire(requester)))
            {
                pending = null;
                return false;
            }

            pending.Requesters.TryAcquire(requester);
            if (_pending.TryAdd(key, pending))
            {
                _queue.Add(pending);
            }

            StartThread(requester);
            return true;
        }
    }

    /// <summary>Says that an requester waits no more. A name that no one waits for is not looked up; a lookup that has begun continues.</summary>
    public void Leave(PendingLookup pending, string requester)
    {
        lock (_lock)
        {
            if (pending.RunsFor is not null)
            {
                return;
            }

            pending.Requesters.Release(requester);
            if (!pending.Requesters.IsHolder(requester))
            {
                _waiting.Release(requester);
            }

            if (pending.Requesters.Holders.Length > 0)
            {
                return;
            }

            _queue.Remove(pending);
            _pending.Remove(KeyOf(pending.Name, pending.Family));
        }

        pending.Cancel();
    }

    /// <summary>A <see cref="NameLookup"/>, for those among whom no shares are needed.</summary>
    public async Task<IPAddress[]> LookUpAsync(string name, AddressFamily family, CancellationToken cancellationToken)
    {
        const string Requester = "";
        if (!TryJoin(name, family, Requester, out PendingLookup? pending))
        {
            throw new SocketException((int)SocketError.TryAgain);
        }

        try
        {
            return await pending.Answer.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(pending, Requester);
        }
    }

    private static (string Name, AddressFamily Family) KeyOf(string name, AddressFamily family) => (name.ToUpperInvariant(), family);

    // A thread lives while there is work for it: lookups are rare, and a thread is cheap compared with one.
    private void StartThread(string requester)
    {
        if (_threads == bounds.Threads || !_running.HasRoomFor(requester))
        {
            return;
        }

        try
        {
            new Thread(Work) { IsBackground = true, Name = "name lookup" }.UnsafeStart();
            _threads++;
        }
        catch (OutOfMemoryException)
        {
            // The system has no more threads. The lookup waits for one of those that run, or for one that the next requester gets.
        }
    }

    private void Work()
    {
        while (TryBegin(out PendingLookup? pending))
        {
            Task<IPAddress[]> answer = Ask(pending);
            lock (_lock)
            {
                _running.Release(pending.RunsFor!);
                _pending.Remove(KeyOf(pending.Name, pending.Family));
            }

            // Complete only after removal: a caller that asks again must not get the same answer.
            pending.Complete(answer);
        }
    }

    private Task<IPAddress[]> Ask(PendingLookup pending)
    {
        try
        {
            return Task.FromResult(lookup(pending.Name, pending.Family));
        }
        catch (Exception e)
        {
            // Whatever goes wrong in the system's resolver concerns this lookup only.
            return Task.FromException<IPAddress[]>(e);
        }
    }

    /// <summary>Takes the lookup that waits longest among those whose requesters have a thread left in their share.</summary>
    private bool TryBegin([NotNullWhen(true)] out PendingLookup? pending)
    {
        lock (_lock)
        {
            pending = _queue.Find(waiting => FindPayer(waiting) is not null);
            if (pending is null)
            {
                _threads--;
                return false;
            }

            _queue.Remove(pending);
            foreach (string requester in pending.Requesters.Holders)
            {
                _waiting.Release(requester);
            }

            pending.RunsFor = FindPayer(pending)!;
            _running.TryAcquire(pending.RunsFor);
            return true;
        }
    }

    private string? FindPayer(PendingLookup pending) => pending.Requesters.Holders.FirstOrDefault(_running.HasRoomFor);
}

/// <summary>How many names are looked up at once, and how many wait for that.</summary>
/// <param name="Threads">Lookups that run, each on a thread.</param>
internal sealed record LookupBounds(int Threads)
{
    /// <summary>
    /// For names that the operator wrote down: their number is bounded, so all may wait. Each is looked up once at a time,
    /// and not by the threads of what enclaves ask for.
    /// </summary>
    public static LookupBounds Fixed { get; } = new(2);

    /// <summary>For the names of an allowlist that are compared with a destination's: all at once, within the time for the start.</summary>
    public static LookupBounds Rules { get; } = new(8);

    /// <summary>For names that peers ask for. It takes three to have all threads wait for name servers that do not answer.</summary>
    public static LookupBounds Requested { get; } = new(8) { ThreadsOfOne = 3, Waiting = 256, WaitingOfOne = 32 };

    /// <summary>Lookups of one requester that run.</summary>
    public int ThreadsOfOne { get; init; } = int.MaxValue;

    /// <summary>Lookups that wait for a thread.</summary>
    public int Waiting { get; init; } = int.MaxValue;

    /// <summary>Lookups of one requester that wait for a thread.</summary>
    public int WaitingOfOne { get; init; } = int.MaxValue;
}

/// <summary>A name that waits to be looked up, or is being looked up. <see cref="LookupThreads"/> changes it under its lock.</summary>
internal sealed class PendingLookup(string name, AddressFamily family)
{
    private readonly TaskCompletionSource<IPAddress[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => name;

    public AddressFamily Family => family;

    /// <summary>What the system answers; cancelled when everyone stopped waiting before its turn came.</summary>
    public Task<IPAddress[]> Answer => _answer.Task;

    /// <summary>Who waits for it, until its turn comes.</summary>
    public KeyedConcurrencyLimiter Requesters { get; } = new(limitOfEach: null);

    /// <summary>Whose share of the threads it takes; <see langword="null"/> until its turn comes.</summary>
    public string? RunsFor { get; set; }

    /// <summary>Gives those who wait what the system has answered.</summary>
    public void Complete(Task<IPAddress[]> answer) => _answer.SetFromTask(answer);

    public void Cancel() => _answer.SetCanceled(CancellationToken.None);
}

/// <summary>Asks the system for the addresses of a name, as <see cref="Dns.GetHostAddresses(string, AddressFamily)"/>; blocks its thread.</summary>
internal delegate IPAddress[] SystemLookup(string name, AddressFamily family);

/// <summary>Gives the addresses of a name, as <see cref="LookupThreads.LookUpAsync"/>; blocks no thread of its caller.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, AddressFamily family, CancellationToken cancellationToken);
