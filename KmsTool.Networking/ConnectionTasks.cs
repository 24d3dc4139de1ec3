using System.Collections.Concurrent;

namespace KmsTool.Networking;

/// <summary>The connections that a server serves, each by a task of its own. For many threads.</summary>
/// <typeparam name="TConnection">What stands for a connection.</typeparam>
internal sealed class ConnectionTasks<TConnection>
    where TConnection : notnull
{
    private readonly ConcurrentDictionary<TConnection, Task> _tasks = new();

    /// <summary>How many are served.</summary>
    public int Count => _tasks.Count;

    /// <summary>Those that are served now.</summary>
    public ICollection<TConnection> Connections => _tasks.Keys;

    /// <summary>Serves a connection on the thread pool, so that its first bytes do not keep the next one from being accepted.</summary>
    public void Start(TConnection connection, Func<Task> serve)
    {
        var served = Task.Run(serve, CancellationToken.None);
        _tasks[connection] = served;
        // The task may end before it is entered here, so it leaves by a continuation.
        _ = served.ContinueWith(
            _ => _tasks.TryRemove(connection, out Task? _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Completes when those that are served now have ended; fails as the first of them that failed.</summary>
    public Task WhenAllAsync() => Task.WhenAll(_tasks.Values);
}
