using System.Net.Sockets;
using System.Text;
using Amazon.KeyManagementService;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>Which connections the proxy keeps: those with a request, and of the others the latest.</summary>
public sealed class KmsProxyConnectionTests
{
    private const string Random = """{"NumberOfBytes":8}""";

    [Fact]
    public async Task Oldest_connection_without_a_request_gives_way_to_a_new_one()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(configure: options => options with { MaxConnections = 2 });
        using Socket first = await proxy.ConnectAsync();
        await AskAsync(proxy, first);
        using Socket second = await proxy.ConnectAsync();
        await AskAsync(proxy, second);

        using Socket silent = await proxy.ConnectAsync();
        await AssertEndedAsync(first);
        await AskAsync(proxy, second);
        using Socket last = await proxy.ConnectAsync();
        await AskAsync(proxy, last);
        await AssertEndedAsync(silent);
        await AskAsync(proxy, second);
    }

    [Fact]
    public async Task Connection_that_has_sent_a_part_of_a_head_gives_way()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(configure: options => options with { MaxConnections = 1 });
        using Socket slow = await proxy.ConnectAsync();
        await slow.SendAsync("POST / HTTP/1.1\r\n"u8.ToArray());

        using Socket other = await proxy.ConnectAsync();
        await AskAsync(proxy, other);

        await AssertEndedAsync(slow);
    }

    [Fact]
    public async Task Connections_with_a_request_are_kept_and_further_ones_wait()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(
            configure: options => options with { MaxConnections = 2, BodyPatience = TimeSpan.FromMinutes(1) });
        Socket[] within = [await proxy.ConnectAsync(), await proxy.ConnectAsync()];
        string[] request = proxy.Signed("GenerateRandom", Random, headers: ("Expect", "100-continue")).Split("\r\n\r\n");
        foreach (Socket socket in within)
        {
            // The server asks for the body: the request has begun.
            await socket.SendAsync(Encoding.ASCII.GetBytes(request[0] + "\r\n\r\n"));
            Assert.Equal("HTTP/1.1 100", await ReadAsync(socket));
        }

        using Socket third = await proxy.ConnectAsync();
        Task served = AskAsync(proxy, third);
        foreach (Socket socket in within)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(request[1]));
            Assert.Contains("HTTP/1.1 200 OK\r\n", await ReadAsync(socket, 100), StringComparison.Ordinal);
        }

        await served;
        foreach (Socket socket in within)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Silent_and_idle_connections_end_and_an_SDK_connects_anew()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(configure: options => options with { IdleTimeout = TimeSpan.FromSeconds(1) });
        using AmazonKeyManagementServiceClient client = proxy.Client();
        Assert.Equal(8, (await client.GenerateRandomAsync(8)).Plaintext.Length);

        // Later than the client's connection became idle.
        using Socket silent = await proxy.ConnectAsync();
        using Socket idle = await proxy.ConnectAsync();
        await AskAsync(proxy, idle);
        await AssertEndedAsync(silent);
        await AssertEndedAsync(idle);

        Assert.Equal(8, (await client.GenerateRandomAsync(8)).Plaintext.Length);
    }

    private static async Task AskAsync(TestKmsProxy proxy, Socket socket)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(proxy.Signed("GenerateRandom", Random)));
        string answer = await ReadAsync(socket, 100);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        while (!answer.EndsWith('}'))
        {
            answer += await ReadAsync(socket, 1);
        }
    }

    private static async Task<string> ReadAsync(Socket socket, int length = 12)
    {
        byte[] bytes = new byte[length];
        await new NetworkStream(socket).ReadExactlyAsync(bytes).AsTask().WaitAsync(EnclavePeer.Patience);
        return Encoding.ASCII.GetString(bytes);
    }

    private static async Task AssertEndedAsync(Socket socket)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(EnclavePeer.Patience));
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }
}
