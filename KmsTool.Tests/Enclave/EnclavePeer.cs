using System.Net.Sockets;
using System.Text;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave;

/// <summary>The other end of the daemon's wire, byte for byte: nothing of the product's own client.</summary>
internal sealed class EnclavePeer(Socket socket) : IAsyncDisposable
{
    public static readonly TimeSpan Patience = Transports.Patience;

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly byte[] _byte = new byte[1];

    public Socket Socket => socket;

    public static async Task<EnclavePeer> ConnectAsync(StreamAddress address)
    {
        using var timer = new CancellationTokenSource(Patience);
        return new EnclavePeer(await StreamConnector.ConnectAsync(address, null, timer.Token));
    }

    /// <summary>Sends raw text; messages need their own NUL.</summary>
    public async Task SendAsync(string text) => await SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var timer = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(bytes, timer.Token);
    }

    /// <summary>Reads up to the next NUL; <see langword="null"/> at the end of the stream.</summary>
    public async Task<string?> ReceiveAsync()
    {
        using var timer = new CancellationTokenSource(Patience);
        var message = new List<byte>();
        while (await _stream.ReadAsync(_byte, timer.Token) > 0)
        {
            if (_byte[0] == 0)
            {
                return Encoding.UTF8.GetString([.. message]);
            }

            message.Add(_byte[0]);
        }

        Assert.Empty(message);
        return null;
    }

    /// <summary>Sends one message and reads its reply.</summary>
    public async Task<string?> AskAsync(string message)
    {
        await SendAsync(message + "\0");
        return await ReceiveAsync();
    }

    public void CloseSending() => socket.Shutdown(SocketShutdown.Send);

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
