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
        NameResolver first = resolvers.GetRequested("first.test");
        NameResolver second = resolvers.GetRequested("second.test");
        for (int i = 0; i < NameResolvers.Capacity - 2; i++)
        {
            _ = resolvers.GetRequested($"{i}.test");
        }

        Assert.Same(first, resolvers.GetRequested("FIRST.test"));
        _ = resolvers.GetRequested("one-more.test");

        Assert.Same(first, resolvers.GetRequested("first.test"));
        Assert.NotSame(second, resolvers.GetRequested("second.test"));
    }

    [Fact]
    public void Fixed_names_are_not_forgotten_for_those_that_peers_ask_for()
    {
        var resolvers = new NameResolvers(AddressFamily.Unspecified, NameTable.Blocking(NameTable.None), TimeProvider.System, new RecordingLogger());
        NameResolver kept = resolvers.GetFixed("kept.test");
        NameResolver dropped = resolvers.GetFixed("dropped.test");
        for (int i = 0; i <= NameResolvers.Capacity; i++)
        {
            _ = resolvers.GetRequested($"{i}.test");
        }

        Assert.Same(kept, resolvers.GetFixed("KEPT.test"));
        Assert.Same(kept, resolvers.GetRequested("kept.test"));

        resolvers.KeepFixed(["Kept.test"]);
        Assert.Same(kept, resolvers.GetFixed("kept.test"));
        Assert.NotSame(dropped, resolvers.GetFixed("dropped.test"));
    }
}
