using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Support;

/// <summary>Two ends of one connection, made by the product's own listener and connector.</summary>
internal sealed class TransportPair : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly StreamListener _listener;

    private TransportPair(TempDirectory directory, StreamListener listener, Socket client, Socket server)
    {
        _directory = directory;
        _listener = listener;
        Client = client;
        Server = server;
    }

    /// <summary>The end that has connected.</summary>
    public Socket Client { get; }

    /// <summary>The end that was accepted.</summary>
    public Socket Server { get; }

    public static async Task<TransportPair> ConnectAsync(string transport, StreamSocketOptions? options, CancellationToken cancellationToken)
    {
        var directory = new TempDirectory();
        var listener = StreamListener.Bind(Transports.Address(transport, directory), options);
        Socket client = await StreamConnector.ConnectAsync(listener.LocalAddress, options, cancellationToken);
        return new TransportPair(directory, listener, client, await listener.AcceptAsync(cancellationToken));
    }

    public static Task<TransportPair> ConnectAsync(string transport, CancellationToken cancellationToken) =>
        ConnectAsync(transport, options: null, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Server.Dispose();
        await _listener.DisposeAsync();
        _directory.Dispose();
    }
}
