using System.Net;
using System.Net.NetworkInformation;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public class SpecialAddressesTests
{
    // 192.168.7.9 and 2001:db8:7::9 are the machine's own.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("::1")]
    [InlineData("::1%1")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("::")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%3")]
    [InlineData("febf::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd00:ec2::254%1")]
    [InlineData("192.168.7.9")]
    [InlineData("2001:db8:7::9")]
    [InlineData("2001:db8:7::9%2")]
    [InlineData("::127.0.0.1")]
    [InlineData("::192.168.7.9")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("::ffff:192.168.7.9")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b::0.0.0.0")]
    [InlineData("64:ff9b::192.168.7.9")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe:1:2:3:4:5")]
    [InlineData("2002::")]
    [InlineData("2002:c0a8:709::1")]
    public void Contains_addresses_at_which_the_parent_answers_and_what_carries_them(string address) =>
        Assert.True(Create("192.168.7.9", "2001:db8:7::9").Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("192.168.7.8")]
    [InlineData("128.0.0.1")]
    [InlineData("169.253.0.1")]
    [InlineData("::1:0:1")]
    [InlineData("2001:db8:7::8")]
    [InlineData("fec0::1")]
    [InlineData("fd00:ec3::254")]
    [InlineData("64:ff9b::192.168.7.8")]
    [InlineData("64:ff9b:0:1::127.0.0.1")]
    [InlineData("2002:c0a8:708::1")]
    [InlineData("2001:7f00:1::")]
    [InlineData("2003:7f00:1::")]
    public void Contains_no_others(string address) =>
        Assert.False(Create("192.168.7.9", "2001:db8:7::9").Contains(IPAddress.Parse(address)));

    [Fact]
    public void Contains_address_that_the_machine_gets_is_known_within_5_s_and_interfaces_are_read_once_in_that_time()
    {
        var clock = new ManualClock();
        int reads = 0;
        var own = IPAddress.Parse("192.168.7.9");
        var addresses = new SpecialAddresses(() => reads++ == 0 ? [] : [own], clock);
        for (int i = 0; i < 1000; i++)
        {
            Assert.False(addresses.Contains(own));
        }

        Assert.Equal(1, reads);
        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.True(addresses.Contains(own));
        Assert.Equal(2, reads);
    }

    [Fact]
    public void OfThisMachine_has_the_addresses_of_its_interfaces()
    {
        IPAddress[] own = [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)];

        Assert.NotEmpty(own);
        Assert.All(own, address => Assert.True(SpecialAddresses.OfThisMachine.Contains(address)));
        Assert.False(SpecialAddresses.OfThisMachine.Contains(IPAddress.Parse("203.0.113.77")));
    }

    private static SpecialAddresses Create(params string[] own) => new(() => own.Select(IPAddress.Parse), new ManualClock());
}
