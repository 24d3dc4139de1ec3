using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Protocol;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;

namespace KmsTool.Simulator.Nsm;

/// <summary>
/// Serves a module to any number of clients on a socket: a length of four bytes, big-endian, then the CBOR, both ways.
/// A client may stay connected and idle without limit, but a request that it begins must arrive in time.
/// </summary>
internal sealed class NsmServer : IAsyncDisposable
{
    private const int MaxClients = 1024;

    private static readonly TimeSpan TransferTimeout = TimeSpan.FromSeconds(10);
    private static readonly byte[] Garbage = [0xFF, 0x00, 0xFF, 0x00];

    private readonly StreamListener _listener;
    private readonly INsm _nsm;
    private readonly FaultSwitches _faults;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConnectionTasks<Socket> _clients = new();
    private readonly Task _accepting;

    private NsmServer(StreamListener listener, INsm nsm, FaultSwitches faults)
    {
        _listener = listener;
        _nsm = nsm;
        _faults = faults;
        // What fails to be accepted is not logged: a client that waits in vain says so itself.
        _accepting = new AcceptLoop(listener, TimeProvider.System, static _ => { }).RunAsync(AdmitAsync, _stopping.Token);
    }

    public StreamAddress Address => _listener.LocalAddress;

    /// <summary>Listens and serves until disposed.</summary>
    /// <exception cref="SocketException">The address is in use or may not be bound.</exception>
    public static NsmServer Start(StreamAddress address, INsm nsm, FaultSwitches faults) => new(StreamListener.Bind(address), nsm, faults);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _listener.DisposeAsync();
        await _accepting;
        await _clients.WhenAllAsync();
        _stopping.Dispose();
    }

    private ValueTask AdmitAsync(Socket client)
    {
        if (_clients.Count >= MaxClients)
        {
            client.Dispose();
        }
        else
        {
            _clients.Start(client, () => ServeAsync(client));
        }

        return ValueTask.CompletedTask;
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket owned = client;
        try
        {
            using var stream = new NetworkStream(client, ownsSocket: true);
            while (await ReadRequestAsync(stream) is { } request)
            {
                await RespondAsync(stream, request);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or NsmException)
        {
            // The client has closed the connection, is too slow or breaks the framing, or the server stops. All of these end the connection.
        }
    }

    private async Task<byte[]?> ReadRequestAsync(NetworkStream stream)
    {
        // Completes when there is something to read, or the end.
        _ = await stream.ReadAsync(Memory<byte>.Empty, _stopping.Token);
        using var deadline = new Deadline(TransferTimeout, TimeProvider.System, _stopping.Token);
        return await NsmFraming.ReadAsync(stream, NsmLimits.MaxRequestLength, deadline.Token);
    }

    private async Task RespondAsync(NetworkStream stream, byte[] encoded)
    {
        byte[] response = await ExecuteAsync(encoded);
        using var deadline = new Deadline(TransferTimeout, TimeProvider.System, _stopping.Token);
        await NsmFraming.WriteAsync(stream, response, deadline.Token);
    }

    private async Task<byte[]> ExecuteAsync(byte[] encoded)
    {
        NsmRequest request;
        try
        {
            request = NsmRequest.Decode(encoded);
        }
        catch (NsmException e)
        {
            return new NsmResponse.Error(e.Code).Encode();
        }

        if (request is NsmRequest.Attestation)
        {
            if (_faults[SimulatorFault.NsmHang])
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _stopping.Token);
            }

            if (_faults[SimulatorFault.NsmRefuse])
            {
                return new NsmResponse.Error(NsmErrorCode.InternalError).Encode();
            }

            if (_faults[SimulatorFault.NsmGarbage])
            {
                return Garbage;
            }
        }

        return (await _nsm.SendAsync(request, _stopping.Token)).Encode();
    }
}
