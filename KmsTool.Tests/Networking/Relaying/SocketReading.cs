using System.Net.Sockets;
using System.Text;

namespace KmsTool.Tests.Networking.Relaying;

internal static class SocketReading
{
    /// <summary>Reads until the peer has closed its side; works on a socket whose own side is closed, which NetworkStream does not.</summary>
    public static async Task<string> ReadToEndAsync(this Socket socket, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[1024];
        int length;
        while ((length = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }

        return text.ToString();
    }
}
