namespace KmsTool.Tests.Enclave.Egress;

public class EgressRulesTests
{
    [Theory]
    [InlineData("", "", "example.com", false)]
    [InlineData("", "", "127.0.0.1", false)]
    [InlineData("", "evil.test", "example.com", false)]
    [InlineData("example.com", "", "EXAMPLE.com", true)]
    [InlineData("EXAMPLE.com", "", "example.com", true)]
    [InlineData("example.com", "", "a.example.com", false)]
    [InlineData("*.example.com", "", "a.example.com", true)]
    [InlineData("*.example.com", "", "a.b.example.com", false)]
    [InlineData("example.com", "example.com", "example.com", false)]
    [InlineData("**.example.com", "evil.example.com", "Evil.example.com", false)]
    [InlineData("**.example.com", "evil.example.com", "good.example.com", true)]
    [InlineData("evil.example.com", "**", "evil.example.com", false)]
    [InlineData("example.com.", "", "example.com", true)]
    [InlineData("**", "evil.test.", "evil.test", false)]
    [InlineData("**", "", "169.254.169.254", false)]
    [InlineData("169.254.169.254", "", "169.254.169.254", true)]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", false)]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", "10.2.2.3", true)]
    [InlineData("0.0.0.0/0", "", "::1", false)]
    [InlineData("[2001:DB8::1]", "", "2001:db8::1", true)]
    [InlineData("2001:db8::/32", "", "2001:db8:1::1", true)]
    [InlineData("::/0", "::1", "::1", false)]
    [InlineData("fe80::/10", "fe80::1", "fe80::1%1", false)]
    public void Allows_what_is_allowed_and_not_denied(string allow, string deny, string host, bool expected) =>
        Assert.Equal(expected, TestEgress.Rules(allow, deny).Allows(host));

    [Theory]
    [InlineData("", "", false)]
    [InlineData("**", "", true)]
    [InlineData("instance-data.ec2.internal", "", true)]
    [InlineData("fd00:ec2::/32", "", true)]
    [InlineData("*.example.com", "", false)]
    [InlineData("169.254.0.0/16", "", true)]
    [InlineData("169.254.0.0/16", "169.254.169.254", false)]
    public void AllowsInstanceMetadata_follows_the_same_rules(string allow, string deny, bool expected) =>
        Assert.Equal(expected, TestEgress.Rules(allow, deny).AllowsInstanceMetadata);
}
