using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking.Hosts;
using KmsTool.Tests.Instance.VsockProxy.Destinations;

namespace KmsTool.Tests.Instance.VsockProxy.Rules;

public class AllowlistTests
{
    private static readonly Allowlist List = new(
        "allow.yaml",
        [
            Entry("kms.test", 443), Entry("192.0.2.7", 443), Entry("2001:db8::7", 443),
            Entry("gone.test", 443), Entry("other.test", 8443),
        ])
    {
        Special = Own(),
    };

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
    [InlineData("2001:DB8:0::7")]
    [InlineData("gone.test")]
    public async Task AdmitAsync_listed_as_it_is_written_needs_no_lookup(string host)
    {
        DestinationSettings admitted = await List.AdmitAsync(Options(host, 443), NameTable.None, CancellationToken.None);

        Assert.Null(admitted.Addresses);
    }

    [Theory]
    [InlineData("192.0.2.2", "192.0.2.2")]
    [InlineData("alias.test", "192.0.2.2")]
    [InlineData("seven.test", "192.0.2.7")]
    public async Task AdmitAsync_same_address_allows_that_address_only(string host, string expected)
    {
        DestinationSettings admitted = await List.AdmitAsync(Options(host, 443), Names.LookUpAsync, CancellationToken.None);

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
        NotAllowedException e = await Assert.ThrowsAsync<NotAllowedException>(
            () => List.AdmitAsync(Options(host, port), Names.LookUpAsync, CancellationToken.None));

        Assert.Equal($"tcp:{host}:{port} is not in the allowlist", e.Message);
    }

    [Fact]
    public async Task AdmitAsync_name_that_cannot_be_looked_up_is_refused_and_said_to_be()
    {
        NotAllowedException e = await Assert.ThrowsAsync<NotAllowedException>(
            () => List.AdmitAsync(Options("unknown.test", 443), Names.LookUpAsync, CancellationToken.None));

        Assert.Equal("tcp:unknown.test:443 is not in the allowlist, and its addresses could not be looked up", e.Message);
    }

    [Fact]
    public async Task AdmitAsync_family_that_is_not_wanted_is_not_asked_for()
    {
        var families = new HashSet<AddressFamily>();
        Task<IPAddress[]> LookUp(string name, AddressFamily family, CancellationToken cancellationToken)
        {
            lock (families)
            {
                families.Add(family);
            }

            return NameTable.Addresses("192.0.2.1");
        }

        await List.AdmitAsync(Options("alias.test", 443) with { Family = AddressFamily.InterNetwork }, LookUp, CancellationToken.None);

        Assert.Equal([AddressFamily.InterNetwork], families);
    }

    [Theory]
    [InlineData("a.svc.test", "10.0.0.1 127.0.0.1 169.254.169.254 10.9.9.10", "10.0.0.1")]
    [InlineData("exact.test", "10.0.0.1 127.0.0.1 169.254.169.254 fe80::1%3 fd00:ec2::254 0.0.0.0 :: ::1 10.9.9.10 64:ff9b::10.9.9.10 2002:7f00:1::", "10.0.0.1")]
    [InlineData("exact.test", "10.0.0.1 169.254.171.5 169.254.171.6", "10.0.0.1 169.254.171.5", "169.254.171.5")]
    [InlineData("exact.test", "10.0.0.1 169.254.171.5", "10.0.0.1", "169.254.171.0/24")]
    [InlineData("exact.test", "127.0.0.1 127.0.0.2 ::1", "127.0.0.1 ::1", "localhost")]
    [InlineData("exact.test", "127.0.0.1 ::1", "", "*.localhost")]
    [InlineData("10.9.9.9", "10.9.9.9", "10.9.9.9")]
    [InlineData("192.0.2.5", "192.0.2.5", "192.0.2.5")]
    [InlineData("10.9.9.10", "10.9.9.10", "10.9.9.10", "10.9.9.10")]
    [InlineData("127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2/32")]
    [InlineData("64:ff9b::7f00:1", "64:ff9b::7f00:1", "64:ff9b::7f00:1", "64:ff9b::7f00:1")]
    public void Admit_says_which_addresses_may_be_connected_to(string host, string addresses, string expected, string? more = null)
    {
        AddressFilter? filter = Patterns(more).Admit(host, 443);

        Assert.NotNull(filter);
        Assert.Equal(expected, string.Join(' ', addresses.Split(' ').Select(IPAddress.Parse).Where(address => filter(address))));
    }

    // A name is not looked up to find whether its addresses are listed; networks open no address at which the parent answers.
    [Theory]
    [InlineData("elsewhere.test", 443)]
    [InlineData("svc.test", 443)]
    [InlineData("a.b.svc.test", 443)]
    [InlineData("a.svc.test", 444)]
    [InlineData("169.254.169.254", 443)]
    [InlineData("::ffff:169.254.169.254", 443)]
    [InlineData("0.0.0.0", 443)]
    [InlineData("2001:db8::1", 443)]
    [InlineData("127.0.0.1", 443, "127.0.0.0/8")]
    [InlineData("127.0.0.2", 443, "localhost")]
    [InlineData("169.254.171.7", 443, "169.254.171.0/24")]
    [InlineData("10.9.9.10", 443, "10.9.9.8/30")]
    [InlineData("::1", 443, "::/0")]
    [InlineData("::1%1", 443, "::/0")]
    [InlineData("::", 443, "::/0")]
    [InlineData("fe80::1%3", 443, "fe80::/10")]
    [InlineData("fd00:ec2::254", 443, "::/0")]
    [InlineData("64:ff9b::7f00:1", 443, "::/0")]
    [InlineData("64:ff9b::7f00:1", 443, "127.0.0.1")]
    [InlineData("2002:a9fe:a9fe::1", 443, "::/0")]
    [InlineData("64:ff9b::10.9.9.10", 443, "64:ff9b::/96")]
    public void Admit_what_is_not_listed_is_refused(string host, ushort port, string? more = null) => Assert.Null(Patterns(more).Admit(host, port));

    [Fact]
    public async Task AdmitAsync_common_address_at_which_the_parent_answers_is_refused()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("127.0.0.1", "10.9.9.10", "169.254.169.254") };

        await Assert.ThrowsAsync<NotAllowedException>(() => Patterns(null).AdmitAsync(Options("alias.test", 443), names.LookUpAsync, CancellationToken.None));
    }

    [Fact]
    public void Admit_metadata_service_that_is_listed_is_allowed() =>
        Assert.NotNull(new Allowlist("allow.yaml", [Entry("169.254.169.254", 80)]).Admit("169.254.169.254", 80));

    private static Allowlist Patterns(string? more) => new(
        "allow.yaml",
        [
            Entry("*.svc.test", 443), Entry("exact.test", 443), Entry("10.0.0.0/8", 443), Entry("0.0.0.0/0", 443),
            .. more is null ? [] : (AllowlistEntry[])[Entry(more, 443)],
        ])
    {
        Special = Own("10.9.9.10"),
    };

    /// <summary>The parent, with these addresses of its own.</summary>
    private static SpecialAddresses Own(params string[] addresses) => new(() => addresses.Select(IPAddress.Parse), TimeProvider.System);

    private static AllowlistEntry Entry(string host, ushort port) => new(HostPattern.Parse(host), port);

    private static DestinationSettings Options(string host, ushort port) => new() { Host = host, Port = port };
}
