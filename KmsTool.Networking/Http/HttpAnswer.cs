using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KmsTool.Protocol;

namespace KmsTool.Networking.Http;

/// <summary>An answer of HTTP/1.1 after which the connection is closed.</summary>
/// <param name="Status">Status code and reason phrase, such as <c>403 Forbidden</c>.</param>
/// <param name="Body">The body, in one piece.</param>
/// <param name="ContentType">The body's type.</param>
internal sealed record HttpAnswer(string Status, string Body, string ContentType = "text/plain; charset=utf-8")
{
    // Whoever goes on sending is not read for ever.
    private const int MaxDiscarded = 256 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>An answer that says in one line why a request is refused.</summary>
    public static HttpAnswer Refusal(string status, string reason) => new(status, reason + "\n");

    /// <summary>Sends it and closes the sending side; what the peer still sends is read for a moment, so that it sees the answer.</summary>
    /// <exception cref="SocketException">The peer has gone.</exception>
    /// <exception cref="OperationCanceledException">The peer does not take it, or the token was cancelled.</exception>
    public async Task SendAsync(Socket socket, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(Patience, time, cancellationToken);
        byte[] body = Encoding.UTF8.GetBytes(Body);
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"HTTP/1.1 {Status}\r\nContent-Type: {ContentType}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"));
        byte[] answer = [.. head, .. body];
        for (int sent = 0; sent < answer.Length;)
        {
            sent += await socket.SendAsync(answer.AsMemory(sent), SocketFlags.None, deadline.Token);
        }

        socket.Shutdown(SocketShutdown.Send);
        // A close with bytes unread would be a reset, and the answer lost with it.
        byte[] buffer = new byte[4096];
        int discarded = 0;
        int length;
        while (discarded < MaxDiscarded && (length = await socket.ReceiveAsync(buffer, SocketFlags.None, deadline.Token)) > 0)
        {
            discarded += length;
        }
    }
}
