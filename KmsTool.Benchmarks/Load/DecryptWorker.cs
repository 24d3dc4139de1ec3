using System.Net.Sockets;

namespace KmsTool.Benchmarks.Load;

/// <summary>One Decrypt each time, on a connection that stays open.</summary>
internal sealed class DecryptWorker : IWorker
{
    private readonly WireConnection _connection;

    public DecryptWorker(WireMessages messages, UnixDomainSocketEndPoint enclave)
    {
        _connection = new WireConnection(messages, new byte[WireConnection.BufferLength]);
        _connection.Connect(enclave);
        _connection.SetClient();
    }

    public void Work() => _connection.Decrypt();

    public void Dispose() => _connection.Dispose();
}
