using System.Text;
using KmsTool.Networking.Http;


namespace KmsTool.Tests.Networking.Http;

public class ProxyRequestTests
{
    [Theory]
    [InlineData("CONNECT example.com:443", "example.com", 443)]
    [InlineData("CONNECT EXAMPLE.com:443", "EXAMPLE.com", 443)]
    [InlineData("CONNECT example.com.:443", "example.com", 443)]
    [InlineData("CONNECT 10.0.0.1:65535", "10.0.0.1", 65535)]
    [InlineData("CONNECT [2001:DB8::1]:443", "2001:db8::1", 443)]
    [InlineData("CONNECT [0:0:0:0:0:0:0:1]:443", "::1", 443)]
    [InlineData("GET http://example.com/", "example.com", 80)]
    [InlineData("GET HTTP://example.com:8080/a?b=http://c.test:1/", "example.com", 8080)]
    [InlineData("GET http://example.com", "example.com", 80)]
    [InlineData("GET http://example.com?host=other.test/", "example.com", 80)]
    [InlineData("GET http://[::1]/", "::1", 80)]
    [InlineData("GET http://[::1]:81", "::1", 81)]
    [InlineData("PROPFIND http://example.com./", "example.com", 80)]
    public void TryRead_target_names_host_and_port(string request, string host, int port)
    {
        ProxyRequest read = Read($"{request} HTTP/1.1\r\nHost: other.test");

        Assert.Equal((host, port), (read.Host, read.Port));
        Assert.Equal(request.StartsWith("CONNECT", StringComparison.Ordinal), read.ForwardedHead is null);
    }

    [Theory]
    [InlineData("GET http://example.com/a?b", "GET /a?b HTTP/1.1\r\nHost: example.com\r\n")]
    [InlineData("GET http://example.com", "GET / HTTP/1.1\r\nHost: example.com\r\n")]
    [InlineData("HEAD http://EXAMPLE.com.:8080?b", "HEAD /?b HTTP/1.1\r\nHost: EXAMPLE.com.:8080\r\n")]
    [InlineData("PUT http://[::1]:81//a", "PUT //a HTTP/1.1\r\nHost: [::1]:81\r\n")]
    public void TryRead_plain_request_is_forwarded_in_origin_form(string request, string start) =>
        Assert.Equal($"{start}Connection: close\r\nAccept: */*\r\n\r\n", Forwarded($"{request} HTTP/1.0\r\nAccept: */*"));

    [Fact]
    public void TryRead_fields_that_are_for_this_proxy_only_are_dropped() =>
        Assert.Equal("PUT / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nAccept: a: b\r\nContent-Length: 4\r\nAuthorization: Basic eA==\r\nX-Empty: \r\n\r\n", Forwarded(
            """
            PUT http://example.com/ HTTP/1.1
            Host: other.test
            host: third.test
            CONNECTION: keep-alive, X-Secret ,,x-other
            X-Secret: 1
            Accept:   a: b
            x-secret: 2
            Keep-Alive: timeout=5
            Proxy-Connection: keep-alive
            Proxy-Authorization: Basic eA==
            TE: trailers
            Upgrade: h2c
            Content-Length: 4
            Authorization: Basic eA==
            Connection: X-Third
            X-Third: 3
            X-Other: 4
            X-Empty:
            """));

    [Theory]
    [InlineData("GET /")]
    [InlineData("GET *")]
    [InlineData("GET example.com/")]
    [InlineData("GET example.com:80")]
    [InlineData("GET //example.com/")]
    [InlineData("GET https://example.com/")]
    [InlineData("GET ftp://example.com/")]
    [InlineData("connect example.com:443")]
    [InlineData("GET http:/example.com/")]
    [InlineData("GET http://")]
    [InlineData("GET http:///path")]
    [InlineData("GET http://?path")]
    [InlineData("GET http://:80/")]
    [InlineData("GET http://example.com:/")]
    [InlineData("GET http://example.com:0/")]
    [InlineData("GET http://example.com:70000/")]
    [InlineData("GET http://example.com:+80/")]
    [InlineData("GET http://example.com:80:80/")]
    [InlineData("GET http://user@example.com/")]
    [InlineData("GET http://user:80@example.com/")]
    [InlineData("GET http://example.com#fragment")]
    [InlineData("GET http://example.com\\@other.test/")]
    [InlineData("GET http://2130706433/")]
    [InlineData("GET http://0x7f.1/")]
    [InlineData("CONNECT example.com")]
    [InlineData("CONNECT example.com:")]
    [InlineData("CONNECT [::1%1]:443")]
    [InlineData("CONNECT example.com:0")]
    [InlineData("CONNECT example.com:70000")]
    [InlineData("CONNECT example.com:-1")]
    [InlineData("CONNECT :443")]
    [InlineData("CONNECT .:443")]
    [InlineData("CONNECT a..b:443")]
    [InlineData("CONNECT example.com..:443")]
    [InlineData("CONNECT /")]
    [InlineData("CONNECT http://example.com:443")]
    [InlineData("CONNECT ::1:443")]
    [InlineData("CONNECT [::1]")]
    [InlineData("CONNECT [::1]:")]
    [InlineData("CONNECT [::1]x:443")]
    [InlineData("CONNECT [example.com]:443")]
    [InlineData("CONNECT [127.0.0.1]:443")]
    [InlineData("CONNECT [::ffff:127.0.0.1]:443")]
    [InlineData("CONNECT 2130706433:443")]
    [InlineData("CONNECT 10.1:443")]
    [InlineData("CONNECT 10.1.:443")]
    [InlineData("CONNECT 127.0.0.1.:443")]
    [InlineData("CONNECT 010.0.0.1:443")]
    public void TryRead_target_that_names_no_host_and_port_is_a_bad_request(string request)
    {
        Assert.False(TryRead($"{request} HTTP/1.1\r\nHost: example.com", out _, out HttpAnswer? refusal));

        Assert.Equal("400 Bad Request", refusal!.Status);
    }

    [Theory]
    [InlineData("Content-Length: 5")]
    [InlineData("Transfer-Encoding: chunked")]
    public void TryRead_connect_with_a_body_is_a_bad_request(string field)
    {
        Assert.False(TryRead($"CONNECT example.com:443 HTTP/1.1\r\n{field}", out _, out HttpAnswer? refusal));

        Assert.Equal("a CONNECT request has no body\n", refusal!.Body);
    }

    private static string Forwarded(string head) => Encoding.ASCII.GetString(Read(head.ReplaceLineEndings("\r\n")).ForwardedHead!);

    private static ProxyRequest Read(string head)
    {
        Assert.True(TryRead(head, out ProxyRequest? request, out HttpAnswer? refusal), refusal?.Body);
        return request!;
    }

    private static bool TryRead(string head, out ProxyRequest? request, out HttpAnswer? refusal)
    {
        Assert.True(RequestHead.TryParse(Encoding.ASCII.GetBytes(head), out RequestHead? parsed));
        return ProxyRequest.TryRead(parsed, forwards: true, out request, out refusal);
    }
}
