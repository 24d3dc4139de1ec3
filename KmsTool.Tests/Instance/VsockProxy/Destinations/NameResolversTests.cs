using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public class NameResolversTests
{
    [Fact]
    public void Asked_names_that_were_asked_for_longest_ago_are_forgotten()
    {
        var resolvers = new NameResolvers(AddressFamily.Unspecified, NameTable.Blocking(NameTable.None), TimeProvider.System, new RecordingLogger());
        NameResolver first = resolvers.Asked("first.test");
        NameResolver second = resolvers.Asked("second.test");
        for (int i = 0; i < NameResolvers.Capacity - 2; i++)
        {
            _ = resolvers.Asked($"{i}.test");
        }

        Assert.Same(first, resolvers.Asked("FIRST.test"));
        _ = resolvers.Asked("one-more.test");

        Assert.Same(first, resolvers.Asked("first.test"));
        Assert.NotSame(second, resolvers.Asked("second.test"));
    }

    [Fact]
    public void Fixed_names_are_not_forgotten_for_those_that_peers_ask_for()
    {
        var resolvers = new NameResolvers(AddressFamily.Unspecified, NameTable.Blocking(NameTable.None), TimeProvider.System, new RecordingLogger());
        NameResolver kept = resolvers.Fixed("kept.test");
        NameResolver dropped = resolvers.Fixed("dropped.test");
        for (int i = 0; i <= NameResolvers.Capacity; i++)
        {
            _ = resolvers.Asked($"{i}.test");
        }

        Assert.Same(kept, resolvers.Fixed("KEPT.test"));
        Assert.Same(kept, resolvers.Asked("kept.test"));

        resolvers.KeepFixed(["Kept.test"]);
        Assert.Same(kept, resolvers.Fixed("kept.test"));
        Assert.NotSame(dropped, resolvers.Fixed("dropped.test"));
    }
}
