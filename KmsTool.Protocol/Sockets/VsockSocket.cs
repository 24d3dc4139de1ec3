using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KmsTool.Protocol.Sockets;

/// <summary>
/// Makes AF_VSOCK sockets. <see cref="Socket"/>'s constructor refuses family 40 (dotnet/runtime issues 58327 and 58378), so
/// the descriptor comes from socket(2) and <see cref="Socket"/> does everything after that.
/// </summary>
internal static partial class VsockSocket
{
    private const int SockStream = 1;
    private const int SockCloexec = 0x80000;
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int FamilyNotSupported = 97;
    private const int LevelVsock = VsockEndPoint.Family;

    // SO_VM_SOCKETS_BUFFER_SIZE and SO_VM_SOCKETS_BUFFER_MAX_SIZE of linux/vm_sockets.h, each a u64.
    private const int BufferSizeOption = 0;
    private const int BufferMaxSizeOption = 2;

    /// <summary>A new, unbound stream socket with the options; sockets that it accepts inherit them.</summary>
    /// <exception cref="IOException">The system has no vsock, or no descriptor is left.</exception>
    /// <exception cref="SocketException">The system refuses an option.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform's vsock is not supported.</exception>
    public static Socket Create(StreamSocketOptions options)
    {
        Socket socket = Create();
        try
        {
            if (options.VsockBufferSize is { } size)
            {
                // In this order: the kernel cuts a size down to the maximum, 262144 at first, and says nothing.
                SetOption(socket, BufferMaxSizeOption, size);
                SetOption(socket, BufferSizeOption, size);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket Create()
    {
        if (OperatingSystem.IsLinux())
        {
            return CreateLinux();
        }

        return OperatingSystem.IsWindows()
            ? CreateWindows()
            : throw new PlatformNotSupportedException("vsock: addresses work on Linux and Windows only; use unix: or tcp: here.");
    }

    private static void SetOption(Socket socket, int option, ulong value) =>
        socket.SetRawSocketOption(LevelVsock, option, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)));

    [SupportedOSPlatform("linux")]
    private static Socket CreateLinux()
    {
        int descriptor = NativeSocket(VsockEndPoint.Family, SockStream | SockCloexec, 0);
        if (descriptor < 0)
        {
            throw Failure(Marshal.GetLastPInvokeError());
        }

        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    /// <summary>What an error of socket(2) means here.</summary>
    internal static IOException Failure(int error) => new($"No vsock socket can be made: {new Win32Exception(error).Message}{error switch
    {
        // Docker's, containerd's and podman's seccomp profiles refuse the family since 2022 (moby pull request 44562); the
        // kernel itself knows neither error for it.
        NotPermitted or AccessDenied => ". The container's security profile refuses socket(AF_VSOCK). "
            + "Run the container with --security-opt seccomp=unconfined, or under a profile that allows it.",
        FamilyNotSupported => ". Is the vsock kernel module loaded?",
        _ => ".",
    }}");

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
