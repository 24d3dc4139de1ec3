using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Egress;

/// <summary>
/// The HTTP proxy of applications in this enclave, on loopback: CONNECT, and plain requests with an absolute target. What the
/// rules allow is led through the parent's proxy.
/// </summary>
internal sealed class EgressServer : IAsyncDisposable
{
    private const int Backlog = 512;

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly EgressOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private EgressServer(Socket listener, EgressOptions options, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _options = options;
        _time = time;
        _logger = logger;
        _places = new SemaphoreSlim(options.MaxConnections);
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
        for (int i = 0; i < _options.MaxConnections; i++)
            await _places.WaitAsync();

        _places.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            // Further ones wait in the kernel's queue.
            await _places.WaitAsync(_stop.Token);
            try
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(socket), CancellationToken.None);
            }
            catch (Exception e)
            {
                _places.Release();
                if (e is not SocketException socketException || _stop.IsCancellationRequested)
                    throw;

                Log.AcceptFailed(_logger, socketException.SocketErrorCode.ToString());
                await Task.Delay(AcceptPause, _time, _stop.Token);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await new EgressConnection(socket, _options, _time, _logger).RunAsync(_stop.Token);
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
            _places.Release();
        }
    }
}
