using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Protocol.Sockets;

public class StreamAddressTests
{
    [Theory]
    [InlineData("vsock:3:8000")]
    [InlineData("vsock:3000")]
    [InlineData("vsock:0:0")]
    [InlineData("unix:/run/enclave.sock")]
    [InlineData("unix:relative.sock")]
    [InlineData("tcp:127.0.0.1:0")]
    [InlineData("tcp:localhost:65535")]
    [InlineData("tcp:[::1]:443")]
    public void Parse_address_printsTheSame(string text) => Assert.Equal(text, StreamAddress.Parse(text).ToString());

    [Fact]
    public void Parse_vsockWithoutCid_isAnyCid() =>
        Assert.Equal(new StreamAddress.Vsock(VsockEndPoint.AnyCid, 3000), StreamAddress.Parse("vsock:3000"));

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("vsock:")]
    [InlineData("vsock:-1")]
    [InlineData("vsock:4294967296")]
    [InlineData("vsock:3:8000:1")]
    [InlineData("vsock: 3:8000")]
    [InlineData("VSOCK:3:8000")]
    [InlineData("unix:")]
    [InlineData("tcp:")]
    [InlineData("tcp::80")]
    [InlineData("tcp:localhost")]
    [InlineData("tcp:localhost:65536")]
    [InlineData("tcp:localhost:+1")]
    [InlineData("tcp:::1:443")]
    [InlineData("tcp:[::1%1]:443")]
    [InlineData("tcp:[fe80::1%eth0]:443")]
    [InlineData("http://localhost:1")]
    public void Parse_anythingElse_isRefusedWithTheForms(string text)
    {
        FormatException e = Assert.Throws<FormatException>(() => StreamAddress.Parse(text));

        Assert.Contains("vsock:CID:PORT", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp:localhost:80", true)]
    [InlineData("localhost", false)]
    [InlineData(null, false)]
    public void TryParse_as_IParsable_tells_whether_it_is_an_address(string? text, bool isAddress)
    {
        Assert.Equal(isAddress, TryParse(text, out StreamAddress? address));
        Assert.Equal(isAddress ? text : null, address?.ToString());
    }

    private static bool TryParse<T>(string? text, out T? value)
        where T : IParsable<T> =>
        T.TryParse(text, null, out value);

    [Fact]
    public void Parse_unixPathPastTheKernelsLimit_isRefused()
    {
        Assert.Equal(112, StreamAddress.Parse("unix:" + new string('x', 107)).ToString().Length);
        Assert.Contains("at most 107 bytes", Assert.Throws<FormatException>(
            () => StreamAddress.Parse("unix:" + new string('x', 108))).Message, StringComparison.Ordinal);
    }
}
