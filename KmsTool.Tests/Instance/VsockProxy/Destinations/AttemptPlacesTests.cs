using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public class AttemptPlacesTests
{
    [Fact]
    public void TryTake_one_asker_does_not_get_all_places()
    {
        var places = new AttemptPlaces(all: 3, ofOne: 2);
        Assert.True(places.TryTake("a"));
        Assert.True(places.TryTake("a"));
        Assert.False(places.TryTake("a"));

        Assert.True(places.TryTake("b"));
        Assert.False(places.TryTake("b"));

        places.Release("a", 2);
        Assert.True(places.TryTake("b"));
        Assert.True(places.TryTake("a"));
        Assert.False(places.TryTake("a"));
    }
}
