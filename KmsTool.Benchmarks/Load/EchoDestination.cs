using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Load;

/// <summary>Where egress leads: a listener on 127.0.0.1 that sends back the first piece that it receives and waits for the end.</summary>
internal sealed class EchoDestination : IDisposable
{
    private const int Backlog = 4096;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public EchoDestination()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        _ = AcceptAsync();
    }

    public string Host { get; } = "echo.test";

    public string Authority => $"{Host}:443";

    /// <summary>The value of <c>--egress-route</c>.</summary>
    public string Route => $"{Authority}=tcp:{_listener.LocalEndPoint}";

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            byte[] buffer = new byte[64];
            try
            {
                int received = await socket.ReceiveAsync(buffer);
                await socket.SendAsync(buffer.AsMemory(0, received));
                while (await socket.ReceiveAsync(buffer) > 0)
                {
                    // Until it ends.
                }
            }
            catch (SocketException)
            {
                // It broke off.
            }
        }
    }
}
