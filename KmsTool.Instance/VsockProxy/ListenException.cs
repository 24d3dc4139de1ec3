using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>An address cannot be listened on.</summary>
internal sealed class ListenException(StreamAddress address, Exception inner) : Exception(inner.Message, inner)
{
    public StreamAddress Address { get; } = address;
}
