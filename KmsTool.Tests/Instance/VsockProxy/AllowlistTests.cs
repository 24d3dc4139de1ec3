using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Tests.Instance.VsockProxy;

public class AllowlistTests
{
    private static readonly Allowlist List = new(
        "allow.yaml",
        [
            new AllowlistEntry("kms.test", 443), new AllowlistEntry("192.0.2.7", 443), new AllowlistEntry("2001:db8::7", 443),
            new AllowlistEntry("gone.test", 443), new AllowlistEntry("other.test", 8443),
        ]);

    private static readonly NameTable Names = new()
    {
        Answer = name => name switch
        {
            "kms.test" => NameTable.Addresses("192.0.2.1", "192.0.2.2"),
            "alias.test" => NameTable.Addresses("192.0.2.9", "192.0.2.2"),
            "seven.test" => NameTable.Addresses("192.0.2.7", "192.0.2.8"),
            "other.test" => NameTable.Addresses("192.0.2.9"),
            "stranger.test" or "sub.kms.test" => NameTable.Addresses("192.0.2.100"),
            _ => throw NameTable.Unknown,
        },
    };

    [Theory]
    [InlineData("kms.test")]
    [InlineData("KMS.Test")]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::7")]
    [InlineData("gone.test")]
    public async Task AdmitAsync_listed_as_it_is_written_needs_no_lookup(string host)
    {
        ProxyOptions options = Options(host, 443);

        Assert.Same(options, await List.AdmitAsync(options, NameTable.None, CancellationToken.None));
    }

    [Theory]
    [InlineData("192.0.2.2", "192.0.2.2")]
    [InlineData("alias.test", "192.0.2.2")]
    [InlineData("seven.test", "192.0.2.7")]
    [InlineData("2001:DB8:0::7", "2001:db8::7")]
    public async Task AdmitAsync_same_address_allows_that_address_only(string host, string expected)
    {
        ProxyOptions admitted = await List.AdmitAsync(Options(host, 443), Names.LookUpAsync, CancellationToken.None);

        Assert.Equal([IPAddress.Parse(expected)], admitted.Addresses);
    }

    [Theory]
    [InlineData("stranger.test", 443)]
    [InlineData("192.0.2.100", 443)]
    [InlineData("kms.test", 444)]
    [InlineData("kms.test", 8443)]
    [InlineData("sub.kms.test", 443)]
    public async Task AdmitAsync_not_listed_is_refused(string host, ushort port)
    {
        var e = await Assert.ThrowsAsync<AllowlistException>(
            () => List.AdmitAsync(Options(host, port), Names.LookUpAsync, CancellationToken.None));

        Assert.Equal($"allow.yaml: tcp:{host}:{port} is not in the allowlist", e.Message);
    }

    [Fact]
    public async Task AdmitAsync_name_that_cannot_be_looked_up_is_refused_and_said_to_be()
    {
        var e = await Assert.ThrowsAsync<AllowlistException>(
            () => List.AdmitAsync(Options("unknown.test", 443), Names.LookUpAsync, CancellationToken.None));

        Assert.Equal("allow.yaml: tcp:unknown.test:443 is not in the allowlist, and its addresses could not be looked up", e.Message);
    }

    [Fact]
    public async Task AdmitAsync_family_that_is_not_wanted_is_not_asked_for()
    {
        var families = new HashSet<AddressFamily>();
        Task<IPAddress[]> LookUp(string name, AddressFamily family, CancellationToken cancellationToken)
        {
            lock (families)
                families.Add(family);

            return NameTable.Addresses("192.0.2.1");
        }

        await List.AdmitAsync(Options("alias.test", 443) with { Family = AddressFamily.InterNetwork }, LookUp, CancellationToken.None);

        Assert.Equal([AddressFamily.InterNetwork], families);
    }

    private static ProxyOptions Options(string host, ushort port) => new()
    {
        Local = new StreamAddress.Tcp("127.0.0.1", 0),
        Destination = new StreamAddress.Tcp(host, port),
    };
}
