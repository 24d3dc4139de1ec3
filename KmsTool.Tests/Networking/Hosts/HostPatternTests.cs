using System.Net;
using KmsTool.Networking.Hosts;

namespace KmsTool.Tests.Networking.Hosts;

public class HostPatternTests
{
    [Theory]
    [InlineData("kms.test", "KMS.Test", true)]
    [InlineData("kms.test", "a.kms.test", false)]
    [InlineData("*.test", "kms.test", true)]
    [InlineData("*.test", "a.kms.test", false)]
    [InlineData("*.test", "test", false)]
    [InlineData("kms.*.amazonaws.com", "kms.eu-west-1.amazonaws.com", true)]
    [InlineData("kms.*.amazonaws.com", "kms.eu-west-1.b.amazonaws.com", false)]
    [InlineData("kms.*.amazonaws.com", "kms.amazonaws.com", false)]
    [InlineData("**.test", "test", true)]
    [InlineData("**.test", "a.b.c.test", true)]
    [InlineData("**.test", "test.org", false)]
    [InlineData("a.**.b.test", "a.b.test", true)]
    [InlineData("a.**.b.test", "a.b.b.b.test", true)]
    [InlineData("a.**.b.test", "a.b.x.test", false)]
    [InlineData("**.a.*.test", "a.a.a.test", true)]
    [InlineData("**.a.**.b", "x.a.y.a.z.b", true)]
    [InlineData("**", "anything.at.all", true)]
    [InlineData("*", "one", true)]
    [InlineData("kms.test.", "kms.test", true)]
    [InlineData("*.test.", "kms.test", true)]
    [InlineData("*.test", "kms.test.", true)]
    [InlineData("**.test.", "a.kms.test.", true)]
    [InlineData("10.0.0.1", "10.0.0.1", false)]
    public void MatchesName_label_by_label(string pattern, string name, bool expected) =>
        Assert.Equal(expected, HostPattern.Parse(pattern).MatchesName(name));

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("2001:DB8::/32", "2001:db8:1::1", true)]
    [InlineData("[2001:db8::1]", "2001:db8::1", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("**", "10.0.0.1", false)]
    public void MatchesAddress_address_or_network(string pattern, string address, bool expected) =>
        Assert.Equal(expected, HostPattern.Parse(pattern).MatchesAddress(IPAddress.Parse(address)));

    [Fact]
    public void MatchesName_many_wildcards_and_labels_take_no_time_to_speak_of()
    {
        var pattern = HostPattern.Parse(string.Join('.', Enumerable.Repeat("**.a", 60)) + ".b");

        Assert.False(pattern.MatchesName(string.Join('.', Enumerable.Repeat("a", 126))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a*.test")]
    [InlineData("***.test")]
    [InlineData("*..test")]
    [InlineData(".")]
    [InlineData("kms.test..")]
    [InlineData("*.test..")]
    [InlineData("*..")]
    [InlineData("10.0.0.1.")]
    [InlineData("10.1/16")]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/08")]
    [InlineData("kms.test/24")]
    [InlineData("010.0.0.1")]
    [InlineData("10.1.")]
    [InlineData("127.0.0.1.")]
    [InlineData("kms..test")]
    [InlineData("::1%1")]
    [InlineData("::1%1/128")]
    [InlineData("fe80::%1/10")]
    [InlineData("*.test%1")]
    public void Parse_what_is_no_pattern_is_refused(string text) => Assert.Throws<FormatException>(() => HostPattern.Parse(text));
}
