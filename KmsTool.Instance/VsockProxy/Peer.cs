using System.Globalization;
using System.Net;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Who is at the other end of an accepted connection, for logs and limits.</summary>
internal static class Peer
{
    /// <summary>An enclave by its CID, a TCP client by its IP address. Clients of a Unix socket cannot be told apart.</summary>
    public static string NameOf(EndPoint? endPoint) => endPoint switch
    {
        VsockEndPoint { Cid: var cid } => string.Create(CultureInfo.InvariantCulture, $"CID {cid}"),
        IPEndPoint { Address: var address } => address.ToString(),
        _ => "unix",
    };
}
