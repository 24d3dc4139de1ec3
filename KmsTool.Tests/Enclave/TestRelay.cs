using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Enclave;

/// <summary>A parent's proxy that takes all its connections down with it.</summary>
internal sealed class TestRelay : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly StreamListener _listener;
    private readonly StreamAddress _destination;
    private readonly Task _accepting;
    private TaskCompletionSource _grown = NewSignal();

    public TestRelay(StreamAddress local, StreamAddress destination)
    {
        _listener = StreamListener.Bind(local);
        _destination = destination;
        _accepting = AcceptAsync();
    }

    /// <summary>Completes when bytes have gone towards the destination from now on.</summary>
    public Task UpstreamGrowsAsync()
    {
        _grown = NewSignal();
        return _grown.Task.WaitAsync(EnclavePeer.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        await _listener.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                relays.Add(RelayAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(Socket accepted)
    {
        await using var near = new NetworkStream(accepted, ownsSocket: true);
        await using var far = new NetworkStream(await StreamConnector.ConnectAsync(_destination, null, _stopping.Token), ownsSocket: true);
        Task[] directions = [CopyUpstreamAsync(near, far), far.CopyToAsync(near, _stopping.Token)];
        await Task.WhenAny(directions);
    }

    private async Task CopyUpstreamAsync(NetworkStream near, NetworkStream far)
    {
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await near.ReadAsync(buffer, _stopping.Token)) > 0)
        {
            await far.WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
            _grown.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
