using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Support;

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _events = new();
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<string> Warnings => _events.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text);

    public IEnumerable<string> All => _events.Select(entry => entry.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _events.Enqueue((logLevel, formatter(state, exception)));
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Waits for an event with this in its text, and returns the text.</summary>
    public async Task<string> WaitForAsync(string part, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed = _changed.Task;
            if (All.FirstOrDefault(text => text.Contains(part, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }
}
