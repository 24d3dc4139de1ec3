using KmsTool.Instance.Credentials;

namespace KmsTool.Tests.Instance.Credentials;

public class AssumeRoleLimitsTests
{
    [Theory]
    [InlineData("parent-1", "kmstool-instance-parent-1")]
    [InlineData("", "kmstool-instance-")]
    [InlineData("ip_10.0.0.1", "kmstool-instance-ip_10.0.0.1")]
    [InlineData("größe host/x", "kmstool-instance-gr--e-host-x")]
    public void CreateSessionName_host_replaces_what_STS_does_not_take(string host, string expected)
    {
        Assert.Equal(expected, AssumeRoleLimits.CreateSessionName(host));
        Assert.True(AssumeRoleLimits.IsSessionName(expected));
    }

    [Fact]
    public void CreateSessionName_long_host_is_cut_to_64_characters()
    {
        string name = AssumeRoleLimits.CreateSessionName(new string('h', 300));

        Assert.Equal(64, name.Length);
        Assert.True(AssumeRoleLimits.IsSessionName(name));
    }
}
