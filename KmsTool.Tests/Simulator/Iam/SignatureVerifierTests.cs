using KmsTool.Signing;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Iam;

public sealed class SignatureVerifierTests
{
    private const string Host = "Host: example.amazonaws.com";
    private const string Date = "X-Amz-Date: 20150830T123600Z";
    private const string Vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    private const string StsToken =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
        + "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38"
        + "xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    private static readonly AwsPrincipal Principal = AwsPrincipal.Administrator(new AwsAccount(AwsAccount.ExampleId, "us-east-1"));
    private static readonly DateTimeOffset SignedAt = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    private readonly FixedClock _clock = new(SignedAt);

    // Requests and signatures of AWS's signature version 4 test suite, under the names they have there.
    [Theory]
    // get-vanilla
    [InlineData("GET", "/", "host;x-amz-date", Vanilla, Host, Date)]
    // get-slash-dot-slash-normalized, get-relative-relative-normalized
    [InlineData("GET", "/./", "host;x-amz-date", Vanilla, Host, Date)]
    [InlineData("GET", "/example1/example2/../..", "host;x-amz-date", Vanilla, Host, Date)]
    // get-slash-pointless-dot-normalized, get-slashes-normalized, get-space-normalized
    [InlineData("GET", "/./example", "host;x-amz-date", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5", Host, Date)]
    [InlineData("GET", "//example//", "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84", Host, Date)]
    [InlineData("GET", "/example space/", "host;x-amz-date", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741", Host, Date)]
    // get-vanilla-query-order-key-case, get-vanilla-query-order-encoded, get-vanilla-query-unreserved, get-vanilla-utf8-query
    [InlineData("GET", "/?Param2=value2&Param1=value1", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", Host, Date)]
    [InlineData("GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "host;x-amz-date", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac", Host, Date)]
    [InlineData("GET", "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197", Host, Date)]
    [InlineData("GET", "/?\u1234=bar", "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04", Host, Date)]
    // get-header-value-trim, get-header-key-duplicate
    [InlineData("GET", "/", "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736", Host, "My-Header1: value1", "My-Header2: \"a   b   c\"", Date)]
    [InlineData("GET", "/", "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", Host, "My-Header1: value2", "My-Header1: value2", "My-Header1: value1", Date)]
    public void Verify_vectorOfAws_isAccepted(string method, string target, string signedHeaders, string signature, params string[] headers) =>
        Assert.Same(Principal, Verifier().Verify(Request(method, target, signedHeaders, signature, headers), "service").Principal);

    // post-x-www-form-urlencoded
    [Fact]
    public void Verify_vectorOfAwsWithBody_isAccepted()
    {
        SigV4Request request = Request(
            "POST", "/", "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            [
                "Content-Type: application/x-www-form-urlencoded", Host, "Content-Length: 13",
                "x-amz-content-sha256: 9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e", Date,
            ]);

        Assert.Same(Principal, Verifier().Verify(request.WithBody("Param1=value1"u8.ToArray()), "service").Principal);
        Assert.Equal(SignatureFailure.Invalid, FailureOf(request.WithBody("Param1=value2"u8.ToArray())));
    }

    // get-vanilla-with-session-token, post-sts-header-before
    [Theory]
    [InlineData("GET", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")]
    [InlineData("POST", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead", StsToken)]
    public void Verify_vectorOfAwsWithSessionToken_isAccepted(string method, string signature, string token)
    {
        string[] headers = [Host, Date, $"X-Amz-Security-Token: {token}"];
        SigV4Request request = Request(method, "/", "host;x-amz-date;x-amz-security-token", signature, headers);

        Assert.Same(Principal, Verifier(token).Verify(request, "service").Principal);
    }

    [Theory]
    [InlineData(null, "any")]
    [InlineData("right", null)]
    [InlineData("right", "wrong")]
    public void Verify_sessionTokenThatDoesNotBelongToTheKey_isUnknown(string? issued, string? sent)
    {
        string[] headers = sent is null ? [Host, Date] : [Host, Date, $"X-Amz-Security-Token: {sent}"];

        SignatureException e = Assert.Throws<SignatureException>(
            () => Verifier(issued).Verify(Request("GET", "/", "host;x-amz-date", Vanilla, headers), "service"));

        Assert.Equal(SignatureFailure.UnknownToken, e.Failure);
    }

    [Fact]
    public void Verify_expiredKeyPair_isExpired()
    {
        SigV4Request request = Request("GET", "/", "host;x-amz-date", Vanilla, [Host, Date]);
        SignatureVerifier verifier = Verifier(token: null, expiration: SignedAt);

        Assert.Equal(SignatureFailure.ExpiredToken, Assert.Throws<SignatureException>(() => verifier.Verify(request, "service")).Failure);
        _clock.Now = SignedAt.AddSeconds(-1);
        Assert.Same(Principal, verifier.Verify(request, "service").Principal);
    }

    [Theory]
    [InlineData(-300, null)]
    [InlineData(300, null)]
    [InlineData(-301, "Signature not yet current")]
    [InlineData(301, "Signature expired")]
    public void Verify_clockSkew_isFiveMinutes(int seconds, string? message)
    {
        _clock.Now = SignedAt.AddSeconds(seconds);
        SigV4Request request = Request("GET", "/", "host;x-amz-date", Vanilla, [Host, Date]);

        if (message is null)
        {
            Assert.Same(Principal, Verifier().Verify(request, "service").Principal);
        }
        else
        {
            Assert.StartsWith(message, Assert.Throws<SignatureException>(() => Verifier().Verify(request, "service")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Verify_dateHeaderInPlaceOfXAmzDate_givesTheTime()
    {
        // No vector covers it: the signature cannot be right, but what precedes it must be.
        SigV4Request request = Request("GET", "/", "date;host", Vanilla, [Host, "Date: Sun, 30 Aug 2015 12:36:00 GMT"]);

        Assert.Contains("does not match the signature you provided", Assert.Throws<SignatureException>(() => Verifier().Verify(request, "service")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AKIDEXAMPLE/20150830/eu-west-1/service/aws4_request", nameof(SignatureFailure.Invalid))]
    [InlineData("AKIDEXAMPLE/20150830/us-east-1/other/aws4_request", nameof(SignatureFailure.Invalid))]
    [InlineData("AKIDEXAMPLE/20150830/us-east-1/service/aws5_request", nameof(SignatureFailure.Invalid))]
    [InlineData("AKIDEXAMPLE/20150829/us-east-1/service/aws4_request", nameof(SignatureFailure.Invalid))]
    [InlineData("AKIDUNKNOWN/20150830/us-east-1/service/aws4_request", nameof(SignatureFailure.UnknownToken))]
    [InlineData("AKIDEXAMPLE/20150830/us-east-1/service", nameof(SignatureFailure.Incomplete))]
    [InlineData("", nameof(SignatureFailure.Incomplete))]
    public void Verify_credentialScope_isChecked(string credential, string expected)
    {
        SigV4Request request = Request($"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={Vanilla}");

        Assert.Equal(expected, FailureOf(request).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer x")]
    [InlineData("AWS4-HMAC-SHA256")]
    [InlineData("AWS4-HMAC-SHA256 ")]
    [InlineData("AWS4-HMAC-SHA512 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date")]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa0")]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + Vanilla + "00")]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=xx" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + Vanilla + ", Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + Vanilla + ", More=x")]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=x-amz-date;host, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;host;x-amz-date, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=Host;x-amz-date, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=, Signature=" + Vanilla)]
    // What must be signed is not.
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=x-amz-date, Signature=" + Vanilla)]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host, Signature=" + Vanilla)]
    public void Verify_authorizationHeaderOfAnotherForm_isIncomplete(string authorization) =>
        Assert.Equal(SignatureFailure.Incomplete, FailureOf(Request(authorization)));

    [Fact]
    public void Verify_noAuthorizationHeader_isMissing() =>
        Assert.Equal(SignatureFailure.Missing, FailureOf(Request(authorization: null)));

    [Theory]
    [InlineData("X-Amz-Target: TrentService.Decrypt")]
    [InlineData("X-Amz-Date: 20150830T123601Z")]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b")]
    public void Verify_headerAddedByAnother_isIncomplete(string header) =>
        Assert.Equal(SignatureFailure.Incomplete, FailureOf(Request("GET", "/", "host;x-amz-date", Vanilla, [Host, Date, header])));

    [Theory]
    [InlineData("POST", "/", Host, Date)]
    [InlineData("GET", "/x", Host, Date)]
    [InlineData("GET", "/?x", Host, Date)]
    [InlineData("GET", "/", "Host: example.amazonaws.org", Date)]
    [InlineData("GET", "/", Host, "X-Amz-Date: 20150830T123601Z")]
    public void Verify_anythingSignedChanged_isInvalid(string method, string target, string host, string date) =>
        Assert.Equal(SignatureFailure.Invalid, FailureOf(Request(method, target, "host;x-amz-date", Vanilla, [host, date])));

    [Theory]
    [InlineData("2015-08-30T12:36:00Z")]
    [InlineData("20150830T123600")]
    [InlineData("20150830T256000Z")]
    public void Verify_timeInAnotherForm_isRefused(string time) =>
        Assert.Throws<SignatureException>(() => Verifier().Verify(Request("GET", "/", "host;x-amz-date", Vanilla, [Host, "X-Amz-Date: " + time]), "service"));

    private SignatureFailure FailureOf(SigV4Request request) =>
        Assert.Throws<SignatureException>(() => Verifier().Verify(request, "service")).Failure;

    private SignatureVerifier Verifier(string? token = null, DateTimeOffset? expiration = null)
    {
        var credentials = new IssuedCredentials(_clock);
        // The key pair of the test suite.
        credentials.Add(new AwsCredential(Principal, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, SignedAt, expiration));
        return new SignatureVerifier(credentials, "us-east-1", _clock);
    }

    private static SigV4Request Request(string? authorization) => new(
        "GET", "/",
        [.. new[] { Host, Date }.Select(Header), .. authorization is null ? [] : new[] { KeyValuePair.Create("Authorization", authorization) }],
        ReadOnlyMemory<byte>.Empty);

    private static SigV4Request Request(string method, string target, string signedHeaders, string signature, string[] headers) => new(
        method,
        target,
        [
            new("Authorization", $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={signedHeaders}, Signature={signature}"),
            .. headers.Select(Header),
        ],
        ReadOnlyMemory<byte>.Empty);

    private static KeyValuePair<string, string> Header(string line)
    {
        string[] pair = line.Split(':', 2);
        return new(pair[0], pair[1].TrimStart());
    }
}
