using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KmsTool.Protocol.Vsock;

/// <summary>
/// Makes AF_VSOCK sockets. <see cref="Socket"/>'s constructor refuses family 40 (dotnet/runtime issues 58327 and 58378), so
/// the descriptor comes from socket(2) and <see cref="Socket"/> does everything after that.
/// </summary>
internal static partial class VsockSocket
{
    private const int SockStream = 1;
    private const int SockCloexec = 0x80000;
    private const int LevelVsock = VsockEndPoint.Family;
    private const int BufferSizeOption = 0;

    /// <summary>A new, unbound stream socket.</summary>
    /// <exception cref="IOException">The system has no vsock, or no descriptor is left.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform's vsock is not supported.</exception>
    public static Socket Create()
    {
        if (OperatingSystem.IsLinux())
            return CreateLinux();

        return OperatingSystem.IsWindows()
            ? CreateWindows()
            : throw new PlatformNotSupportedException("vsock: addresses work on Linux and Windows only; use unix: or tcp: here.");
    }

    /// <summary>
    /// Sets the socket's vsock buffer (SO_VM_SOCKETS_BUFFER_SIZE, a u64). Before listen or connect; accepted sockets inherit.
    /// </summary>
    public static void SetBufferSize(Socket socket, ulong bytes) =>
        socket.SetRawSocketOption(LevelVsock, BufferSizeOption, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in bytes)));

    [SupportedOSPlatform("linux")]
    private static Socket CreateLinux()
    {
        int descriptor = NativeSocket(VsockEndPoint.Family, SockStream | SockCloexec, 0);
        if (descriptor < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"No vsock socket can be made: {new Win32Exception(error).Message}. Is the vsock kernel module loaded?");
        }

        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    // Winsock takes family numbers as they are; the provider that AWS installs knows 40.
    private static Socket CreateWindows()
    {
        try
        {
            return new Socket((AddressFamily)VsockEndPoint.Family, SocketType.Stream, ProtocolType.Unspecified);
        }
        catch (SocketException e)
        {
            throw new IOException($"No vsock socket can be made: {e.Message.TrimEnd('.')}. Is the AWS VirtIO Vsock Provider installed?", e);
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int NativeSocket(int domain, int type, int protocol);
}
