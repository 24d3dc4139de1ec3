using System.Net.Sockets;
using KmsTool.Tests.Networking.Relaying;

namespace KmsTool.Tests.Enclave.Egress;

/// <summary>Plain HTTP through egress.</summary>
public class EgressPlainRequestTests
{
    [Fact]
    public async Task Get_reaches_the_destination_in_origin_form_and_its_answer_the_application()
    {
        await using var egress = new TestEgress("169.254.169.254");
        using Socket application = await egress.DialAsync(
            "GET http://169.254.169.254/latest?x HTTP/1.1\r\nHost: 169.254.169.254\r\nProxy-Authorization: Basic eA==\r\nConnection: keep-alive\r\nX-aws-ec2-metadata-token: t\r\n\r\n");
        using Socket parent = await egress.AcceptConnectAsync("169.254.169.254:80");

        Assert.Equal(
            "GET /latest?x HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\nX-aws-ec2-metadata-token: t\r\n\r\n", await egress.ReadHeadAsync(parent));
        await egress.SendAsync(parent, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nrole");
        parent.Shutdown(SocketShutdown.Send);

        Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nrole", await application.ReadToEndAsync(egress.Patience));
    }

    [Fact]
    public async Task Body_follows_whether_it_came_with_the_head_or_later()
    {
        await using var egress = new TestEgress("example.com");
        using Socket application = await egress.DialAsync("PUT http://example.com:8080/ HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst");
        using Socket parent = await egress.AcceptConnectAsync("example.com:8080");

        Assert.Equal("PUT / HTTP/1.1\r\nHost: example.com:8080\r\nConnection: close\r\nContent-Length: 10\r\n\r\n", await egress.ReadHeadAsync(parent));
        Assert.Equal("first", await egress.ReadAsync(parent, 5));
        await egress.SendAsync(application, "later");

        Assert.Equal("later", await egress.ReadAsync(parent, 5));
    }

    /// <summary>Whatever an application makes of one connection, it leads to the one destination that was allowed.</summary>
    [Theory]
    [InlineData("GET http://evil.test/ HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT evil.test:443 HTTP/1.1\r\n\r\n")]
    public async Task Second_request_reaches_no_other_host(string second)
    {
        await using var egress = new TestEgress("example.com");
        string[] attempts =
        [
            "GET http://example.com/ HTTP/1.1\r\n\r\n",
            "POST http://example.com/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "POST http://example.com/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST http://example.com/ HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 100\r\n\r\n",
        ];
        foreach (string first in attempts)
        {
            using Socket application = await egress.DialAsync(first + second);
            application.Shutdown(SocketShutdown.Send);
            using (Socket parent = await egress.AcceptConnectAsync("example.com:80"))
            {
                string received = await parent.ReadToEndAsync(egress.Patience);
                Assert.Contains("Host: example.com\r\nConnection: close\r\n", received, StringComparison.Ordinal);
                Assert.EndsWith(second, received, StringComparison.Ordinal);
            }

            Assert.Equal("", await application.ReadToEndAsync(egress.Patience));
            Assert.False(egress.Parent.Pending());
        }
    }

    [Theory]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nHost: evil.test\r\n\r\n")]
    [InlineData("GET http://example.com/http://evil.test/ HTTP/1.1\r\nhost:evil.test\r\nHOST: evil.test\r\n\r\n")]
    public async Task Host_field_does_not_choose_the_destination(string request)
    {
        await using var egress = new TestEgress("example.com");
        using Socket application = await egress.DialAsync(request);
        using Socket parent = await egress.AcceptConnectAsync("example.com:80");

        string head = await egress.ReadHeadAsync(parent);

        Assert.Contains("\r\nHost: example.com\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("\nhost: evil.test", head, StringComparison.OrdinalIgnoreCase);
    }
}
