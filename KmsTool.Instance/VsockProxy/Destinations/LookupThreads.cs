using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Looks names up on a few threads of its own. The system's resolver blocks its thread, for half a minute where name servers do
/// not answer: threads of the pool would be missing for every relay and every timeout. A name is looked up once at a time, for
/// all who ask; no asker takes all threads, nor all places to wait.
/// </summary>
internal sealed class LookupThreads(LookupBounds bounds, SystemLookup lookup)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, AddressFamily Family), PendingLookup> _pending = [];
    private readonly List<PendingLookup> _queue = [];
    private readonly Tally _waiting = new();
    private readonly Tally _running = new();
    private int _threads;

    /// <summary>
    /// Has a name looked up, or joins those who wait for it already. Whoever joins has to <see cref="Leave"/> when he waits no more.
    /// </summary>
    /// <returns><see langword="false"/> when too many names wait already.</returns>
    public bool TryJoin(string name, AddressFamily family, string asker, [NotNullWhen(true)] out PendingLookup? pending)
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

            if (pending is null || (pending.Askers[asker] == 0 && _waiting[asker] >= bounds.WaitingOfOne))
            {
                pending = null;
                return false;
            }

            if (pending.Askers[asker] == 0)
            {
                _waiting.Add(asker);
            }

            pending.Askers.Add(asker);
            if (_pending.TryAdd(key, pending))
            {
                _queue.Add(pending);
            }

            StartThread(asker);
            return true;
        }
    }

    /// <summary>Says that an asker waits no more. What nobody waits for is not looked up; what has begun goes on.</summary>
    public void Leave(PendingLookup pending, string asker)
    {
        lock (_lock)
        {
            if (pending.RunsFor is not null)
            {
                return;
            }

            pending.Askers.Remove(asker);
            if (pending.Askers[asker] == 0)
            {
                _waiting.Remove(asker);
            }

            if (pending.Askers.Names.Count > 0)
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
        const string Asker = "";
        if (!TryJoin(name, family, Asker, out PendingLookup? pending))
        {
            throw new SocketException((int)SocketError.TryAgain);
        }

        try
        {
            return await pending.Answer.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(pending, Asker);
        }
    }

    private static (string Name, AddressFamily Family) KeyOf(string name, AddressFamily family) => (name.ToUpperInvariant(), family);

    // A thread lives while there is something for it to do: lookups are rare, and a thread is cheap beside one.
    private void StartThread(string asker)
    {
        if (_threads == bounds.Threads || _running[asker] >= bounds.ThreadsOfOne)
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
            // The system has no more threads. The lookup waits for one of those that run, or for one that the next asker gets.
        }
    }

    private void Work()
    {
        while (TryBegin(out PendingLookup? pending))
        {
            Task<IPAddress[]> answer = Ask(pending);
            lock (_lock)
            {
                _running.Remove(pending.RunsFor!);
                _pending.Remove(KeyOf(pending.Name, pending.Family));
            }

            // Who has the answer may ask anew, and shall not get the same one.
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

    /// <summary>Takes the lookup that waits longest among those whose askers have a thread left in their share.</summary>
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
            foreach (string asker in pending.Askers.Names)
            {
                _waiting.Remove(asker);
            }

            pending.RunsFor = FindPayer(pending)!;
            _running.Add(pending.RunsFor);
            return true;
        }
    }

    private string? FindPayer(PendingLookup pending) => pending.Askers.Names.FirstOrDefault(asker => _running[asker] < bounds.ThreadsOfOne);
}
