using System.Net;
using System.Net.Sockets;

namespace KmsTool.Protocol.Sockets;

/// <summary>
/// An AF_VSOCK address for <see cref="Socket"/> (linux/vm_sockets.h, <c>struct sockaddr_vm</c>).
/// </summary>
/// <remarks>
/// On Linux it reports <see cref="AddressFamily.Unknown"/>, as does a socket wrapped around a vsock descriptor: the two must
/// agree, and the runtime knows no number for family 40 there. On Windows, where it passes numbers on, it reports 40.
/// </remarks>
internal sealed class VsockEndPoint(uint cid, uint port) : EndPoint
{
    /// <summary>Binds to every local context identifier (VMADDR_CID_ANY).</summary>
    public const uint AnyCid = 0xFFFFFFFF;

    /// <summary>Lets the kernel choose the port (VMADDR_PORT_ANY).</summary>
    public const uint AnyPort = 0xFFFFFFFF;

    /// <summary>The parent instance of a Nitro enclave.</summary>
    public const uint ParentCid = 3;

    /// <summary>AF_VSOCK, on Linux and with the AWS VirtIO Vsock Provider on Windows.</summary>
    internal const ushort Family = 40;

    // Linux pads sockaddr_vm to the size of sockaddr (16); the Windows provider's has 12 bytes.
    private static readonly int Size = OperatingSystem.IsWindows() ? 12 : 16;

    /// <summary>Context identifier of the machine.</summary>
    public uint Cid { get; } = cid;

    /// <summary>Port, 32 bits.</summary>
    public uint Port { get; } = port;

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => OperatingSystem.IsWindows() ? (AddressFamily)Family : AddressFamily.Unknown;

    /// <inheritdoc/>
    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Unspecified, Size);
        Span<byte> bytes = address.Buffer.Span[..Size];
        bytes.Clear();
        // Host byte order throughout, which BitConverter writes.
        _ = BitConverter.TryWriteBytes(bytes, Family);
        _ = BitConverter.TryWriteBytes(bytes[4..], Port);
        _ = BitConverter.TryWriteBytes(bytes[8..], Cid);
        return address;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Not a vsock address.</exception>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ReadOnlySpan<byte> bytes = socketAddress.Buffer.Span[..socketAddress.Size];
        if (bytes.Length < 12 || BitConverter.ToUInt16(bytes) != Family)
        {
            throw new ArgumentException("The socket address is not of family AF_VSOCK.", nameof(socketAddress));
        }

        return new VsockEndPoint(BitConverter.ToUInt32(bytes[8..]), BitConverter.ToUInt32(bytes[4..]));
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VsockEndPoint other && other.Cid == Cid && other.Port == Port;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Cid, Port);

    /// <inheritdoc/>
    public override string ToString() => new StreamAddress.Vsock(Cid, Port).ToString();
}
