using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KmsTool.Networking.Http;
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

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly EgressOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionLimiter _limiter;
    private readonly ConcurrentDictionary<EgressConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private EgressServer(Socket listener, EgressOptions options, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _options = options;
        _time = time;
        _logger = logger;
        _limiter = new ConnectionLimiter(options.MaxConnections, time);
        Address = new Uri($"http://{listener.LocalEndPoint}");
        _running = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens, with the port that was chosen if 0 was asked for.</summary>
    public Uri Address { get; }

    /// <exception cref="SocketException">The port is in use.</exception>
    public static EgressServer Start(EgressOptions options, TimeProvider time, ILogger logger)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
            listener.Listen(Backlog);
            return new EgressServer(listener, options, time, logger);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Breaks off what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections.Values);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (SocketException e) when (!_stop.IsCancellationRequested)
            {
                Log.AcceptFailed(_logger, e.SocketErrorCode.ToString());
                await Task.Delay(AcceptPause, _time, _stop.Token);
                continue;
            }

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

            var served = Task.Run(() => ServeAsync(connection, socket, place), CancellationToken.None);
            _connections[connection] = served;
            _ = served.ContinueWith(
                _ => _connections.TryRemove(connection, out Task? _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private TimeSpan EndIdlestTunnel()
    {
        EgressConnection? idlest = _connections.Keys.MaxBy(static connection => connection.IdleTime);
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
