using KmsTool.Enclave.Kms;

namespace KmsTool.Tests.Enclave.Kms;

public class KmsEndpointTests
{
    /// <summary>One region of each partition (AWS General Reference, AWS KMS endpoints), and one that does not exist yet.</summary>
    [Theory]
    [InlineData("us-east-1", "kms.us-east-1.amazonaws.com")]
    [InlineData("us-gov-west-1", "kms.us-gov-west-1.amazonaws.com")]
    [InlineData("cn-north-1", "kms.cn-north-1.amazonaws.com.cn")]
    [InlineData("eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu")]
    [InlineData("us-iso-east-1", "kms.us-iso-east-1.c2s.ic.gov")]
    [InlineData("us-isob-east-1", "kms.us-isob-east-1.sc2s.sgov.gov")]
    [InlineData("eu-isoe-west-1", "kms.eu-isoe-west-1.cloud.adc-e.uk")]
    [InlineData("us-isof-south-1", "kms.us-isof-south-1.csp.hci.ic.gov")]
    [InlineData("eu-north-9", "kms.eu-north-9.amazonaws.com")]
    [InlineData("cn-south-9", "kms.cn-south-9.amazonaws.com.cn")]
    public void ForRegion_isTheRegionsPublicEndpoint(string region, string host) =>
        Assert.Equal(new KmsEndpoint(host, 443, region), KmsEndpoint.ForRegion(region, fips: false));

    [Theory]
    [InlineData("us-east-1", "kms-fips.us-east-1.amazonaws.com")]
    [InlineData("us-gov-east-1", "kms-fips.us-gov-east-1.amazonaws.com")]
    [InlineData("us-iso-east-1", "kms-fips.us-iso-east-1.c2s.ic.gov")]
    public void ForRegion_withFips_isTheRegionsFipsEndpoint(string region, string host) =>
        Assert.Equal(new KmsEndpoint(host, 443, region), KmsEndpoint.ForRegion(region, fips: true));

    [Theory]
    [InlineData("")]
    [InlineData("us-east")]
    [InlineData("us-east-1.evil.example")]
    [InlineData("us-east-1\n")]
    [InlineData("zz-nowhere-1")]
    [InlineData("us-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1")]
    public void ForRegion_thatIsNone_isNull(string region) => Assert.Null(KmsEndpoint.ForRegion(region, fips: false));

    [Theory]
    [InlineData("kms.example.com", "kms.example.com", 443)]
    [InlineData("kms.example.com:8443", "kms.example.com", 8443)]
    [InlineData("https://vpce-1.kms.eu-west-1.vpce.amazonaws.com", "vpce-1.kms.eu-west-1.vpce.amazonaws.com", 443)]
    [InlineData("https://127.0.0.1:8443/", "127.0.0.1", 8443)]
    public void ParseHost_readsHostsAndUrls(string text, string host, int port) => Assert.Equal((host, port), KmsEndpoint.ParseHost(text));

    [Theory]
    [InlineData("http://kms.example.com")]
    [InlineData("ftp://kms.example.com")]
    [InlineData("https://kms.example.com/path")]
    [InlineData("https://user@kms.example.com")]
    [InlineData("https://kms.example.com?x=1")]
    [InlineData("kms.example.com:99999")]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("[::1%251]:8443")]
    [InlineData("https://[::1%1]")]
    public void ParseHost_ofAnythingElse_isRefused(string text) => Assert.Throws<FormatException>(() => KmsEndpoint.ParseHost(text));
}
