using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Instance;

/// <summary>Stands where kmstool-enclave would, for one connection after the other: one message each, answered in turn.</summary>
internal sealed class RepeatedEnclave : IAsyncDisposable
{
    public const string Ok = """{"Status":"Ok"}""";

    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(60));
    private readonly Channel<JsonElement> _received = Channel.CreateUnbounded<JsonElement>();
    private readonly ConcurrentQueue<string> _answers;
    private readonly StreamListener _listener;
    private readonly Task _serving;

    /// <param name="address">Where it listens.</param>
    /// <param name="answers">The first answers; all others are Ok.</param>
    public RepeatedEnclave(StreamAddress address, params string[] answers)
    {
        _answers = new ConcurrentQueue<string>(answers);
        _listener = StreamListener.Bind(address);
        _serving = ServeAsync();
    }

    /// <summary>The next message that came.</summary>
    public async Task<JsonElement> ReceiveAsync() => await _received.Reader.ReadAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        await _listener.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await _listener.AcceptAsync(_stop.Token);
                await ServeAsync(socket);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The test is over, or the program has ended.
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var message = new List<byte>();
        byte[] one = new byte[1];
        while (await socket.ReceiveAsync(one, _stop.Token) == 1 && one[0] != 0)
        {
            message.Add(one[0]);
        }

        string answer = _answers.TryDequeue(out string? next) ? next : Ok;
        await socket.SendAsync(Encoding.UTF8.GetBytes(answer + "\0"), _stop.Token);
        _received.Writer.TryWrite(JsonElement.Parse(Encoding.UTF8.GetString([.. message])));
        // The program closes first: it reads no reset before the answer.
        await socket.ReceiveAsync(one, _stop.Token);
    }
}
