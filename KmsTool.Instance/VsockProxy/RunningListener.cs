namespace KmsTool.Instance.VsockProxy;

/// <summary>A listener at work.</summary>
internal sealed class RunningListener : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public RunningListener(ProxyListener listener)
    {
        Listener = listener;
        _running = listener.RunAsync(_stop.Token);
    }

    public ProxyListener Listener { get; }

    /// <summary>Stops listening; its connections go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
