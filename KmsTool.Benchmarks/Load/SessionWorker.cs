using System.Net.Sockets;

namespace KmsTool.Benchmarks.Load;

/// <summary>A whole session each time: connect, SetClient, Decrypt, close.</summary>
internal sealed class SessionWorker(WireMessages messages, UnixDomainSocketEndPoint enclave) : IWorker
{
    private readonly byte[] _buffer = new byte[WireConnection.BufferLength];

    public void Work()
    {
        using var connection = new WireConnection(messages, _buffer);
        connection.Connect(enclave);
        connection.SetClient();
        connection.Decrypt();
    }

    public void Dispose()
    {
    }
}
