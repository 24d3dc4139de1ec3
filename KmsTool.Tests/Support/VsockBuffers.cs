using System.Net.Sockets;

namespace KmsTool.Tests.Support;

/// <summary>Asks the kernel, or the peer's behaviour, for the buffer of a vsock connection.</summary>
internal static class VsockBuffers
{
    // Level AF_VSOCK, option SO_VM_SOCKETS_BUFFER_SIZE of linux/vm_sockets.h.
    private const int LevelVsock = 40;
    private const int BufferSizeOption = 0;

    /// <summary>What the kernel says of this end.</summary>
    public static ulong VsockBufferSize(this Socket socket)
    {
        byte[] value = new byte[sizeof(ulong)];
        Assert.Equal(value.Length, socket.GetRawSocketOption(LevelVsock, BufferSizeOption, value));
        return BitConverter.ToUInt64(value);
    }

    /// <summary>
    /// Sends until nothing more is taken, and tells how much that was: the other end's buffer, as long as nobody reads there.
    /// The socket is of no use after that.
    /// </summary>
    public static int SendWhatIsTaken(this Socket socket)
    {
        // It divides the 3584 bytes that tests ask for: no piece is taken in part. And there are few: Linux 6.12.95 was
        // seen to reset a connection with a small buffer and many short packets unread, as if each took more than its bytes.
        byte[] piece = new byte[1792];
        socket.Blocking = false;
        int taken = 0;
        while (true)
        {
            int sent = socket.Send(piece, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return taken;
            }

            Assert.Equal((SocketError.Success, piece.Length), (error, sent));
            taken += sent;
        }
    }
}
