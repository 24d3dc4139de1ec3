using KmsTool.Networking;

namespace KmsTool.Tests.Networking;

public class DescriptorLimitTests
{
    [Theory]
    [InlineData("1024", 432)]
    [InlineData("524288", 4096)]
    [InlineData("100", 1)]
    [InlineData("unlimited", 4096)]
    public void ConnectionsWithin_follows_the_soft_limit(string soft, int expected)
    {
        // The lines are those of Linux 6.12.
        string limits = $"""
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             95953                95953                processes
            Max open files            {soft,-20} 1048576              files
            Max locked memory         8388608              8388608              bytes
            """;

        Assert.Equal(expected, DescriptorLimit.ConnectionsWithin(4096, each: 2, others: 0, limits));
    }
}
