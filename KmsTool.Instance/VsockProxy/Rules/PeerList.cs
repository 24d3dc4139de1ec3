using System.Net;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>Peers that may connect: enclaves by their CIDs, or TCP clients by their IP addresses.</summary>
internal sealed class PeerList(IReadOnlySet<uint> cids, IReadOnlySet<IPAddress> addresses)
{
    public bool Contains(EndPoint? peer) => peer switch
    {
        VsockEndPoint { Cid: var cid } => cids.Contains(cid),
        IPEndPoint { Address: var address } => addresses.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address),
        _ => false,
    };
}
