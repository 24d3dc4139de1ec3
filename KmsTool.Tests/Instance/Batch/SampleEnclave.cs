using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>
/// Stands where the AWS sample would: serves one connection after the other, answers each Decrypt twice and knows two
/// commands, in the bytes of its own build. The plaintext of a ciphertext is the ciphertext.
/// </summary>
internal sealed class SampleEnclave : IAsyncDisposable
{
    private const string NotRecognized = "{ \"Status\": \"Error\", \"Message\": \"Operation not recognized\" }\0";

    private readonly TempDirectory _directory = new();
    private readonly StreamListener _listener;
    private readonly CancellationTokenSource _stop = new(Transports.Patience);
    private readonly Func<SampleEnclave, int, string, CancellationToken, Task<string?>>? _answer;
    private readonly bool _isSerial;
    private readonly Lock _lock = new();
    private readonly List<(int Connection, string Operation)> _received = [];
    private readonly List<Task> _serving = [];
    private readonly Task _accepting;

    /// <param name="isSerial">Whether a connection waits until the one before it has ended.</param>
    /// <param name="answer">Another response to a command of a connection, which count from 1; <see langword="null"/> for the sample's.</param>
    public SampleEnclave(bool isSerial = true, Func<SampleEnclave, int, string, CancellationToken, Task<string?>>? answer = null)
    {
        _isSerial = isSerial;
        _answer = answer;
        _listener = StreamListener.Bind(Transports.AnyAddress(_directory["enclave.sock"]));
        _accepting = AcceptAsync();
    }

    public StreamAddress Address => _listener.LocalAddress;

    /// <summary>The commands that have come, with the number of their connection.</summary>
    public IReadOnlyList<(int Connection, string Operation)> Received
    {
        get
        {
            lock (_lock)
            {
                return [.. _received];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_serving);
        await _listener.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int connection = 1; ; connection++)
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                _serving.Add(ServeAsync(socket, connection));
                if (_isSerial)
                {
                    await _serving[^1];
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket, int connection)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var message = new List<byte>();
            byte[] part = new byte[4096];
            for (int count; (count = await stream.ReadAsync(part, _stop.Token)) > 0;)
            {
                foreach (byte value in part.AsSpan(0, count).ToArray())
                {
                    if (value != 0)
                    {
                        message.Add(value);
                        continue;
                    }

                    string response = await AnswerAsync(connection, JsonElement.Parse(message.ToArray()));
                    message.Clear();
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(response), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The test is over, or the program has closed the connection.
        }
    }

    private async Task<string> AnswerAsync(int connection, JsonElement command)
    {
        string operation = command.GetProperty("Operation").GetString()!;
        lock (_lock)
        {
            _received.Add((connection, operation));
        }

        if (_answer is not null && await _answer(this, connection, operation, _stop.Token) is { } other)
        {
            return other;
        }

        return operation switch
        {
            "SetClient" => FakeEnclave.OriginalOk,
            "Decrypt" => $$"""{ "Status": "Ok", "Message": "{{command.GetProperty("Ciphertext").GetString()}}" }""" + "\0" + FakeEnclave.OriginalDuplicate,
            _ => NotRecognized,
        };
    }
}
