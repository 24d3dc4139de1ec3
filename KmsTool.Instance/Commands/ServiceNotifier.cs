using System.Net.Sockets;
using System.Text;

namespace KmsTool.Instance.Commands;

/// <summary>
/// Reports the state of the program to the service manager (sd_notify(3)) by datagrams to the Unix socket that systemd names in
/// <c>NOTIFY_SOCKET</c>. Does nothing if the variable is not set.
/// </summary>
/// <param name="socketPath">The variable's value: a path, or an abstract name after <c>@</c>.</param>
internal sealed class ServiceNotifier(string? socketPath)
{
    public const string Variable = "NOTIFY_SOCKET";

    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    public void Status(string status) => Send($"STATUS={status}");

    public void Stopping() => Send("STOPPING=1");

    private void Send(string state)
    {
        if (string.IsNullOrEmpty(socketPath) || OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(socketPath[0] == '@' ? $"\0{socketPath[1..]}" : socketPath));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // The program works without a service manager.
        }
    }
}
