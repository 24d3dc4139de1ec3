namespace KmsTool.Protocol.Vsock;

/// <summary>Socket options of a listener or client, applied where the address family knows them.</summary>
/// <param name="VsockBufferSize">
/// SO_VM_SOCKETS_BUFFER_SIZE in bytes, at least 128 (the kernel's default is 262144): how much a vsock peer may send
/// before it is read. <see langword="null"/> leaves the default.
/// </param>
/// <param name="Backlog">Connections that may wait for accept; listeners only.</param>
public sealed record StreamSocketOptions(ulong? VsockBufferSize = null, int Backlog = 1024)
{
    internal static StreamSocketOptions Default { get; } = new();
}
