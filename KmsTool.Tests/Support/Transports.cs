using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Support;

/// <summary>
/// What tests of connections run over. vsock is among it only where <see cref="Variable"/> says so: most machines have none, or
/// one that belongs to somebody else.
/// </summary>
internal static class Transports
{
    public const string Variable = "KMSTOOL_TEST_VSOCK";
    public const string Unix = "unix";
    public const string Tcp = "tcp";
    public const string Vsock = "vsock";

    /// <summary>The CID of this machine to itself (VMADDR_CID_LOCAL), where the kernel has vsock_loopback.</summary>
    public const uint LocalCid = 1;

    /// <summary>Whether vsock sockets may be opened on this machine.</summary>
    public static bool HaveVsock { get; } = Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>For theories.</summary>
    public static TheoryData<string> All => HaveVsock ? [Unix, Tcp, Vsock] : [Unix, Tcp];

    /// <summary>Longest wait for what has to happen. A machine with a vsock of its own for tests is likely emulated and slow.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(HaveVsock ? 120 : 60);

    /// <summary>The same for what moves a lot of bytes.</summary>
    public static TimeSpan BulkPatience { get; } = HaveVsock ? TimeSpan.FromMinutes(5) : Patience;

    /// <summary>An address to listen at that is nobody else's; where it has a port, the system chooses that.</summary>
    public static StreamAddress Address(string transport, TempDirectory directory) => transport switch
    {
        Unix => new StreamAddress.Unix(directory[System.IO.Path.GetRandomFileName()]),
        Tcp => new StreamAddress.Tcp("127.0.0.1", 0),
        Vsock when HaveVsock => new StreamAddress.Vsock(LocalCid, 0),
        _ => throw new ArgumentException($"There is no transport {transport} here.", nameof(transport)),
    };

    /// <summary>For tests to which the transport is all one: a vsock where there is one, which is the hardest, else a Unix socket.</summary>
    public static StreamAddress AnyAddress(string unixPath) =>
        HaveVsock ? new StreamAddress.Vsock(LocalCid, 0) : new StreamAddress.Unix(unixPath);
}
