using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KmsTool.Enclave.Egress;

/// <summary>Asks a proxy to lead a connection on (RFC 9110 section 9.3.6).</summary>
internal static class ConnectRequest
{
    private const int MaxHeadLength = 8 * 1024;
    private const int MaxReasonLength = 200;

    /// <summary>Sends the request and reads the head of the answer, and nothing after it: that is the destination's.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    /// <exception cref="IOException">The proxy refuses, or its answer is none.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async Task SendAsync(Socket proxy, string host, int port, CancellationToken cancellationToken)
    {
        string authority = IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"[{address}]:{port}"
            : $"{host}:{port}";
        byte[] request = Encoding.ASCII.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        for (int sent = 0; sent < request.Length;)
        {
            sent += await proxy.SendAsync(request.AsMemory(sent), SocketFlags.None, cancellationToken);
        }

        string status = await ReadStatusAsync(proxy, cancellationToken);
        if (status.Split(' ') is not ["HTTP/1.1" or "HTTP/1.0", ['2', _, _], ..])
        {
            throw new IOException($"the parent's proxy does not lead to {authority}: {Printable(status)}");
        }
    }

    // Byte by byte: what follows the head is the destination's, and older kernels cannot peek into a vsock.
    private static async Task<string> ReadStatusAsync(Socket proxy, CancellationToken cancellationToken)
    {
        byte[] head = new byte[MaxHeadLength];
        for (int length = 0; length < head.Length; length++)
        {
            if (await proxy.ReceiveAsync(head.AsMemory(length, 1), SocketFlags.None, cancellationToken) == 0)
            {
                throw new IOException("the parent's proxy closed the connection");
            }

            if (head.AsSpan(0, length + 1).EndsWith("\r\n\r\n"u8))
            {
                return Encoding.Latin1.GetString(head, 0, head.AsSpan().IndexOf("\r\n"u8));
            }
        }

        throw new IOException("the parent's proxy answers with something other than HTTP");
    }

    // The parent's words go to the log and to the application.
    private static string Printable(string text) =>
        string.Concat(text.Take(MaxReasonLength).Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
