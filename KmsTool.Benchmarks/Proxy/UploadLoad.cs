using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Streams to the destination.</summary>
internal sealed class UploadLoad(EndPoint entrance, Destination destination) : ILoad
{
    private volatile bool _ends;

    // What has arrived, not what has left: between the two there are buffers.
    public long Done => destination.Received;

    public void RunClient(Barrier start)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Destination.BufferLength);
        using Socket socket = ClientSocket.Connect(entrance, Service.Sink);
        start.SignalAndWait(CancellationToken.None);
        while (!_ends)
        {
            socket.Send(buffer);
        }

        socket.Shutdown(SocketShutdown.Send);
        // The end of the other side says that everything has arrived; the next measurement has the machine for itself.
        while (socket.Receive(buffer) > 0)
        {
        }
    }

    public void End() => _ends = true;
}
