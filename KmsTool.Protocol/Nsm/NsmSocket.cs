using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A stand-in for the Nitro Secure Module on a stream socket, for machines without the device. Connects when first asked
/// and again after a failure.
/// </summary>
internal sealed class NsmSocket(StreamAddress address, StreamSocketOptions sockets) : INsm
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private NetworkStream? _stream;

    public async ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken)
    {
        byte[] message = request.Encode();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        bool answered = false;
        try
        {
            _stream ??= new NetworkStream(await StreamConnector.ConnectAsync(address, sockets, deadline.Token).ConfigureAwait(false), ownsSocket: true);
            await NsmFraming.WriteAsync(_stream, message, deadline.Token).ConfigureAwait(false);
            byte[] answer = await NsmFraming.ReadAsync(_stream, NsmLimits.MaxResponseLength, deadline.Token).ConfigureAwait(false)
                ?? throw new IOException($"{address} closed the connection without an answer");
            answered = true;
            return NsmResponse.Decode(answer);
        }
        catch (SocketException e)
        {
            throw new IOException($"{address}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{address} gave no answer within {Timeout.TotalSeconds} s", e);
        }
        finally
        {
            // An answer that comes too late must not be taken for the next one's.
            if (!answered)
            {
                Disconnect();
            }

            _turn.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        Disconnect();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Disconnect()
    {
        _stream?.Dispose();
        _stream = null;
    }
}
