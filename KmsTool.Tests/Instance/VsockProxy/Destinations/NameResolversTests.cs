using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public class NameResolversTests
{
    [Fact]
    public void Item_names_that_were_asked_for_longest_ago_are_forgotten()
    {
        var resolvers = new NameResolvers(AddressFamily.Unspecified, NameTable.None, TimeProvider.System, new RecordingLogger());
        NameResolver first = resolvers["first.test"];
        NameResolver second = resolvers["second.test"];
        for (int i = 0; i < NameResolvers.Capacity - 2; i++)
            _ = resolvers[$"{i}.test"];

        Assert.Same(first, resolvers["FIRST.test"]);
        _ = resolvers["one-more.test"];

        Assert.Same(first, resolvers["first.test"]);
        Assert.NotSame(second, resolvers["second.test"]);
    }
}
