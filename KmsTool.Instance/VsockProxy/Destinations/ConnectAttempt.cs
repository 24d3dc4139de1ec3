using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>One attempt of several to connect, which can be given up while the others go on.</summary>
internal sealed class ConnectAttempt : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;

    public ConnectAttempt(IPAddress address, ushort port, CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Address = address;
        Connecting = ConnectAsync(address, port, _stop.Token);
    }

    public IPAddress Address { get; }

    public Task<Socket> Connecting { get; }

    /// <exception cref="DestinationException">The address cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async Task<Socket> ConnectAsync(IPAddress address, ushort port, CancellationToken cancellationToken)
    {
        try
        {
            return await StreamConnector.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
        }
        catch (SocketException e)
        {
            throw new DestinationException(DestinationFailure.Unreachable, $"{address}: {e.Message}", e);
        }
    }

    /// <summary>Breaks it off, or closes what it has connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Connecting.IsCompletedSuccessfully)
        {
            (await Connecting).Dispose();
        }

        _stop.Dispose();
    }
}
