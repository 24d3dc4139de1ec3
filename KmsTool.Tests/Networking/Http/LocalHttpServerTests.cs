using KmsTool.Networking.Http;
using KmsTool.Protocol.Messages;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KmsTool.Tests.Networking.Http;

public class LocalHttpServerTests
{
    [Fact]
    public async Task Buffers_of_a_connection_come_from_the_pool_that_clears()
    {
        await using LocalHttpServer server = await LocalHttpServer.StartAsync(
            new LocalHttpOptions(),
            context => context.Response.WriteAsync(context.Features.GetRequiredFeature<IMemoryPoolFeature>().MemoryPool.GetType().Name),
            CancellationToken.None);
        using var client = new HttpClient();

        Assert.Equal(nameof(ClearingMemoryPool), await client.GetStringAsync(server.Address));
    }
}
