using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Connections that have carried a byte each way, and then nothing.</summary>
internal sealed class IdleConnections(EndPoint entrance) : IDisposable
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);

    private readonly List<Socket> _sockets = [];
    private volatile int _count;
    private volatile bool _ends;
    private volatile Socket? _opening;

    /// <summary>How many lead all the way to the destination.</summary>
    public int Count => _count;

    /// <summary>What kept it from opening more.</summary>
    public string? Refusal { get; private set; }

    /// <summary>How many nobody has closed.</summary>
    public int CountOpen() => _sockets.Count(static socket => !socket.Poll(0, SelectMode.SelectRead));

    /// <summary>Opens more until there are <paramref name="count"/>, or as many as can be had.</summary>
    public async Task OpenAsync(int count, CancellationToken cancellationToken)
    {
        Task opening = Task.Factory.StartNew(() => Open(count), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        int before = -1;
        while (await Task.WhenAny(opening, Task.Delay(LongestSilence, cancellationToken)) != opening && Count > before)
        {
            before = Count;
        }

        if (!opening.IsCompleted)
        {
            // The thread may be in a call that does not return; closing the socket ends that.
            _ends = true;
            _opening?.Dispose();
            await opening.WaitAsync(LongestSilence, CancellationToken.None);
            Refusal = $"the next one was not answered within {LongestSilence.TotalSeconds} s";
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());

    private void Open(int count)
    {
        try
        {
            Span<byte> reply = stackalloc byte[1];
            while (_sockets.Count < count && !_ends)
            {
                Socket socket = ClientSocket.Connect(entrance, Service.Hold);
                _opening = socket;
                if (socket.Receive(reply) == 0)
                {
                    Refusal = "the next one was closed";
                    return;
                }

                _sockets.Add(socket);
                _count = _sockets.Count;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Refusal = e.Message;
        }
    }
}
