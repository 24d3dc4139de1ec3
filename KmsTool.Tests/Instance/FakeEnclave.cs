using System.Net.Sockets;
using System.Text;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>
/// Stands where kmstool-enclave would: accepts one connection and answers with bytes that the test writes.
/// </summary>
internal sealed class FakeEnclave : IAsyncDisposable
{
    // What kmstool_enclave of aws-nitro-enclaves-sdk-c answers, byte for byte, captured from a build of it.
    public const string OriginalOk = "{ \"Status\": \"Ok\" }\0";
    public const string OriginalPlaintext = "{ \"Status\": \"Ok\", \"Message\": \"aGVsbG8gZnJvbSBLTVM=\" }\0";
    public const string OriginalDuplicate = "{ \"Status\": \"Error\" }\0";

    private readonly TempDirectory _directory = new();
    private readonly StreamListener _listener;
    private readonly CancellationTokenSource _stop = new(Transports.Patience);
    private readonly List<string> _received = [];
    private readonly Task _serving;

    private FakeEnclave(Func<FakeEnclave, NetworkStream, Task> serve)
    {
        _listener = StreamListener.Bind(Transports.AnyAddress(_directory["enclave.sock"]));
        _serving = ServeAsync(serve);
    }

    public StreamAddress Address => _listener.LocalAddress;

    /// <summary>The messages that came, without their NUL.</summary>
    public IReadOnlyList<string> Received => _received;

    /// <summary>Answers as <paramref name="serve"/> does, and closes the connection when it returns.</summary>
    public static FakeEnclave Start(Func<FakeEnclave, NetworkStream, Task> serve) => new(serve);

    /// <summary>Answers the first message with the first text, the second with the second, then waits for the peer's end.</summary>
    public static FakeEnclave Start(params string[] answers) => new(async (enclave, stream) =>
    {
        foreach (string answer in answers)
        {
            await enclave.ReadMessageAsync(stream);
            await enclave.WriteAsync(stream, answer);
        }

        await enclave.ReadMessageAsync(stream);
    });

    /// <summary>Reads one message, or <see langword="null"/> at the peer's end.</summary>
    public async Task<string?> ReadMessageAsync(NetworkStream stream)
    {
        var message = new List<byte>();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            if (one[0] == 0)
            {
                _received.Add(Encoding.UTF8.GetString([.. message]));
                return _received[^1];
            }

            message.Add(one[0]);
        }

        return null;
    }

    public async Task WriteAsync(NetworkStream stream, string text) =>
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        await _listener.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    private async Task ServeAsync(Func<FakeEnclave, NetworkStream, Task> serve)
    {
        try
        {
            using Socket socket = await _listener.AcceptAsync(_stop.Token);
            await using var stream = new NetworkStream(socket);
            await serve(this, stream);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The test is over, or the program has closed the connection.
        }
    }
}
