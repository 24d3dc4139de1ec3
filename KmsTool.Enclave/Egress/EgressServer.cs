using System.Net;
using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Egress;

/// <summary>
/// The HTTP proxy of applications in this enclave, on loopback: CONNECT, and plain requests with an absolute target. What the
/// rules allow is led through the parent's proxy.
/// </summary>
internal sealed class EgressServer : IAsyncDisposable
{
    // As many as the kernel allows (net.core.somaxconn). A connection that finds the queue full tries again after a second only.
    private const int Backlog = 4096;

    private readonly StreamListener _listener;
    private readonly EgressSettings _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionLimiter _limiter;
    private readonly ConnectionTasks<EgressConnection> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private EgressServer(StreamListener listener, EgressSettings options, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _options = options;
        _time = time;
        _logger = logger;
        _limiter = new ConnectionLimiter(options.MaxConnections, time);
        var address = (StreamAddress.Tcp)listener.LocalAddress;
        Address = new Uri($"http://{address.Host}:{address.Port}");
        var loop = new AcceptLoop(listener, time, e => Log.AcceptFailed(logger, e.SocketErrorCode.ToString()));
        _running = Task.Run(() => loop.RunAsync(AdmitAsync, _stop.Token));
    }

    /// <summary>Where it listens, with the port that was chosen if 0 was asked for.</summary>
    public Uri Address { get; }

    /// <exception cref="SocketException">The port is in use.</exception>
    public static EgressServer Start(EgressSettings options, TimeProvider time, ILogger logger)
    {
        var address = new StreamAddress.Tcp(IPAddress.Loopback.ToString(), (ushort)options.Port);
        return new EgressServer(StreamListener.Bind(address, new StreamSocketOptions(Backlog: Backlog)), options, time, logger);
    }

    /// <summary>Breaks off what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listener.DisposeAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connections.WhenAllAsync();
        _stop.Dispose();
    }

    private async ValueTask AdmitAsync(Socket socket)
    {
        var connection = new EgressConnection(socket, _options, _time, _logger);
        ConnectionLimiter.Place place;
        try
        {
            // Further ones wait in the kernel's queue.
            place = await _limiter.TakeAsync(socket, connection.End, EndIdlestTunnel, _stop.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _connections.Start(connection, () => ServeAsync(connection, socket, place));
    }

    private TimeSpan EndIdlestTunnel()
    {
        EgressConnection? idlest = _connections.Connections.MaxBy(static connection => connection.IdleTime);
        TimeSpan left = _options.TunnelPatience - (idlest?.IdleTime ?? TimeSpan.Zero);
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        // Its place is free in a moment.
        idlest!.EndTunnel();
        return Timeout.InfiniteTimeSpan;
    }

    private async Task ServeAsync(EgressConnection connection, Socket socket, ConnectionLimiter.Place place)
    {
        try
        {
            await connection.RunAsync(place, _stop.Token);
        }
#pragma warning disable CA1031 // A fault of ours ends this connection and no other.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Log.EgressFaulted(_logger, e.GetType().Name);
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        finally
        {
            socket.Dispose();
            place.Dispose();
        }
    }
}
