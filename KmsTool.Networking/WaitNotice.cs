using Microsoft.Extensions.Logging;

namespace KmsTool.Networking;

/// <summary>Tells the user what a command waits for when that takes long: once for each thing that is waited for.</summary>
internal sealed partial class WaitNotice(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _told = [];

    /// <summary>Begins a wait; disposing of the result ends it.</summary>
    /// <param name="what">What is waited for, as in "still waiting for the instance metadata service".</param>
    public IDisposable Begin(string what) => time.CreateTimer(_ => Tell(what), state: null, Patience, Timeout.InfiniteTimeSpan);

    private void Tell(string what)
    {
        lock (_lock)
        {
            if (!_told.Add(what))
            {
                return;
            }
        }

        StillWaiting(logger, what);
    }

    [LoggerMessage(90, LogLevel.Warning, "still waiting for {What}")]
    private static partial void StillWaiting(ILogger logger, string what);
}
