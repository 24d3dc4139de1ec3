using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.Client;

/// <summary>Says why connecting failed, where the system's own words mislead.</summary>
internal static class ConnectFailure
{
    public static string Describe(StreamAddress address, Exception failure) => (address, (failure as SocketException)?.SocketErrorCode) switch
    {
        // A vsock port where nobody listens answers with a reset; a CID that is not there is no route or a timeout.
        (StreamAddress.Vsock, SocketError.ConnectionReset) => "nobody listens on that port",
        (StreamAddress.Vsock, SocketError.TimedOut or SocketError.SocketError) => "there is no machine with that CID",
        _ => failure.Message,
    };
}
