using KmsTool.Networking.Hosts;

namespace KmsTool.Tests.Networking.Hosts;

public class DestinationHostTests
{
    [Theory]
    [InlineData("KMS.test", "KMS.test")]
    [InlineData("kms.test.", "kms.test")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("[2001:DB8:0::1]", "2001:db8::1")]
    public void TryParse_names_as_they_stand_there_and_addresses_in_their_one_form(string text, string expected)
    {
        Assert.True(DestinationHost.TryParse(text, out string? host, out string? error), error);

        Assert.Equal(expected, host);
    }

    [Theory]
    [InlineData("10.1")]
    [InlineData("0x7f.1")]
    [InlineData("2130706433")]
    [InlineData("010.0.0.1")]
    [InlineData("10.1.")]
    [InlineData("127.0.0.1.")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a..b")]
    [InlineData("[kms.test]")]
    [InlineData("[::1")]
    [InlineData("[::1]:80")]
    [InlineData("::1%1")]
    [InlineData("[::1%1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("127.0.0.1%1")]
    [InlineData("kms.test%1")]
    public void TryParse_anything_else_is_refused(string text) => Assert.False(DestinationHost.TryParse(text, out _, out _));
}
