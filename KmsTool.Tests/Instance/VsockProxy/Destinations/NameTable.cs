using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

/// <summary>Stands in for the system's resolver: its answers are the test's, and it counts the questions.</summary>
internal sealed class NameTable
{
    private int _questions;

    /// <summary>Fails any test that asks it.</summary>
    public static NameLookup None { get; } =
        (name, _, _) => throw new InvalidOperationException($"'{name}' must not be looked up");

    /// <summary>Gives the addresses of a name.</summary>
    public required Func<string, Task<IPAddress[]>> Answer { get; set; }

    public int Questions => Volatile.Read(ref _questions);

    public static SocketException Unknown => new((int)SocketError.HostNotFound);

    public static Task<IPAddress[]> Addresses(params string[] addresses) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse));

    /// <summary>Asks as the system's resolver does: its thread is blocked until the answer is there.</summary>
    public static SystemLookup Blocking(NameLookup lookup) =>
        (name, family) => lookup(name, family, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>A <see cref="NameLookup"/>.</summary>
    public Task<IPAddress[]> LookUpAsync(string name, AddressFamily family, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _questions);
        return Answer(name);
    }
}
