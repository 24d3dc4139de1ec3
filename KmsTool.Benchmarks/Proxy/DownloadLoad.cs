using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Streams from the destination.</summary>
internal sealed class DownloadLoad : ILoad
{
    private readonly EndPoint _entrance;
    private readonly Destination _destination;
    private long _received;

    public DownloadLoad(EndPoint entrance, Destination destination)
    {
        _entrance = entrance;
        _destination = destination;
        destination.BeginSources();
    }

    public long Done => Interlocked.Read(ref _received);

    public void RunClient(Barrier start)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Destination.BufferLength);
        using Socket socket = ClientSocket.Connect(_entrance, Service.Source);
        start.SignalAndWait(CancellationToken.None);
        while (socket.Receive(buffer) is > 0 and var received)
        {
            Interlocked.Add(ref _received, received);
        }
    }

    public void End() => _destination.EndSources();
}
