using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Startup;

/// <summary>The network interface <c>lo</c>, which is down in a fresh enclave (netdevice(7)).</summary>
internal static partial class LoopbackInterface
{
    private const nuint GetFlags = 0x8913;
    private const nuint SetFlags = 0x8914;
    private const short Up = 1;

    /// <summary>Brings it up if it is down; needs CAP_NET_ADMIN then.</summary>
    /// <returns>Whether it was down.</returns>
    /// <exception cref="IOException">It cannot be brought up.</exception>
    public static bool BringUp()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            Request request = default;
            "lo"u8.CopyTo(request.Name);
            Control(socket.SafeHandle, GetFlags, ref request);
            if ((request.Flags & Up) != 0)
            {
                return false;
            }

            request.Flags |= Up;
            Control(socket.SafeHandle, SetFlags, ref request);
            return true;
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static void Control(SafeSocketHandle socket, nuint operation, ref Request request)
    {
        if (Ioctl(socket, operation, ref request) < 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeSocketHandle socket, nuint operation, ref Request request);

    /// <summary><c>struct ifreq</c> of 64-bit Linux: the interface's name, then a union of 24 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    private struct Request
    {
        [FieldOffset(0)]
        public NameBuffer Name;

        [FieldOffset(16)]
        public short Flags;
    }

    [System.Runtime.CompilerServices.InlineArray(16)]
    private struct NameBuffer
    {
        private byte _first;
    }
}
