namespace KmsTool.Protocol.Sockets;

/// <summary>Socket options of a listener or client, applied where the address family knows them.</summary>
/// <param name="VsockBufferSize">
/// SO_VM_SOCKETS_BUFFER_SIZE in bytes, from <see cref="MinVsockBufferSize"/> to <see cref="MaxVsockBufferSize"/> (the kernel's
/// default is 262144): how much a vsock peer may send before it is read. <see langword="null"/> leaves the default.
/// </param>
/// <param name="Backlog">Connections that may wait for accept; listeners only.</param>
internal sealed record StreamSocketOptions(ulong? VsockBufferSize = null, int Backlog = 1024)
{
    /// <summary>
    /// The smallest buffer in bytes. The kernel takes 128, but resets a connection at its first bytes where the buffer has 512
    /// or fewer (seen with Linux 6.12.95).
    /// </summary>
    public const ulong MinVsockBufferSize = 1024;

    /// <summary>The largest buffer in bytes that is passed on: a peer may fill as much kernel memory with each connection.</summary>
    public const ulong MaxVsockBufferSize = 16 * 1024 * 1024;

    internal static StreamSocketOptions Default { get; } = new();
}
