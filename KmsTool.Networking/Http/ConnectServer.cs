using System.Net.Sockets;
using KmsTool.Protocol;

namespace KmsTool.Networking.Http;

/// <summary>
/// The server's side of an HTTP proxy's connections (RFC 9110 section 9.3.6): reads what a client asks for, and tells it that it is
/// connected or why it is not. Where to is the caller's matter.
/// </summary>
/// <param name="forwards">Whether requests other than CONNECT are forwarded, too.</param>
/// <param name="timeout">Bounds the arrival of a request, and then the departure of the response.</param>
/// <param name="time">Measures it.</param>
internal sealed class ConnectServer(bool forwards, TimeSpan timeout, TimeProvider time)
{
    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    /// <summary>Reads a request.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ConnectRead> ReadAsync(Socket client, CancellationToken cancellationToken)
    {
        HeadRead read = await RequestHeadReader.ReadAsync(client, timeout, time, cancellationToken);
        return read.Head is null ? new ConnectRead(null, default, read.Refusal)
            : ProxyRequest.TryRead(read.Head, forwards, out ProxyRequest? request, out HttpAnswer? refusal) ? new ConnectRead(request, read.Rest, null)
            : new ConnectRead(null, default, refusal);
    }

    /// <summary>Tells the client that it is connected to what it has asked for.</summary>
    /// <returns>Whether it took the response in time.</returns>
    /// <exception cref="SocketException">The connection is broken.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> TryEstablishAsync(Socket client, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(timeout, time, cancellationToken);
        try
        {
            await client.SendAsync(Established, SocketFlags.None, deadline.Token);
            return true;
        }
        catch (OperationCanceledException e) when (deadline.IsOver(e))
        {
            return false;
        }
    }

    /// <summary>Tells the client why it is not connected, if it is still there to be told.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task RefuseAsync(Socket client, HttpAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            await answer.SendAsync(client, time, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The client does not wait for it; the caller's log has the reason.
        }
    }
}

/// <summary>What came of reading a client's request.</summary>
/// <param name="Request">The request, if one came.</param>
/// <param name="Rest">What the client has sent after it.</param>
/// <param name="Refusal">
/// The response that the client is owed in place of what it asked for; <see langword="null"/> with a request, or where the client
/// has gone.
/// </param>
internal readonly record struct ConnectRead(ProxyRequest? Request, ReadOnlyMemory<byte> Rest, HttpAnswer? Refusal);
