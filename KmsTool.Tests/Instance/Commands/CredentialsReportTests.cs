using KmsTool.Instance.Commands;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol;

namespace KmsTool.Tests.Instance.Commands;

public class CredentialsReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, "2026-11-22T10:00:01Z, in 1 s")]
    [InlineData(59, "2026-11-22T10:00:59Z, in 59 s")]
    [InlineData(60, "2026-11-22T10:01:00Z, in 1 min 0 s")]
    [InlineData(3599, "2026-11-22T10:59:59Z, in 59 min 59 s")]
    [InlineData(3600, "2026-11-22T11:00:00Z, in 1 h 0 min")]
    [InlineData(90060, "2026-11-23T11:01:00Z, in 25 h 1 min")]
    [InlineData(0, "2026-11-22T10:00:00Z, 0 s ago")]
    [InlineData(-61, "2026-11-22T09:58:59Z, 1 min 1 s ago")]
    public void Text_names_the_time_and_how_long_from_now(int seconds, string expected)
    {
        using InstanceCredentials credentials = Credentials(token: true, Now.AddSeconds(seconds));

        Assert.Equal(
            $"From:        the profile 'x'\nAccess key:  …WXYZ\nExpire:      {expected}\n", CredentialsReport.FormatText(credentials, Now));
    }

    [Theory]
    [InlineData(false, "they do not expire")]
    [InlineData(true, "at a time that only their source knows; they are temporary")]
    public void Text_without_an_expiry_tells_long_term_from_temporary(bool token, string expected)
    {
        using InstanceCredentials credentials = Credentials(token, expiration: null);

        Assert.EndsWith($"Expire:      {expected}\n", CredentialsReport.FormatText(credentials, Now), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_of_a_peer_steers_no_terminal()
    {
        using InstanceCredentials credentials = Credentials(token: true, expiration: null, "the role '\u001b[2J\n' of this instance");

        string text = CredentialsReport.FormatText(credentials, Now);

        Assert.DoesNotContain('\u001b', text);
        Assert.Equal(3, text.Count(character => character == '\n'));
    }

    [Fact]
    public void Json_holds_the_same()
    {
        using InstanceCredentials temporary = Credentials(token: true, Now.AddMinutes(2));
        using InstanceCredentials longTerm = Credentials(token: false, expiration: null);

        Assert.Equal(
            "{\"Origin\":\"the profile \\u0027x\\u0027\",\"AccessKeyIdEnd\":\"WXYZ\",\"Temporary\":true,\"Expiration\":\"2026-11-22T10:02:00Z\",\"SecondsLeft\":120}\n",
            CredentialsReport.FormatJson(temporary, Now));
        Assert.Equal(
            "{\"Origin\":\"the profile \\u0027x\\u0027\",\"AccessKeyIdEnd\":\"WXYZ\",\"Temporary\":false,\"Expiration\":null,\"SecondsLeft\":null}\n",
            CredentialsReport.FormatJson(longTerm, Now));
    }

    private static InstanceCredentials Credentials(bool token, DateTimeOffset? expiration, string origin = "the profile 'x'") => new()
    {
        AccessKeyId = "ASIAEXAMPLEEXAMPWXYZ",
        SecretAccessKey = SensitiveBytes.CopyOf("secret"u8),
        SessionToken = token ? SensitiveBytes.CopyOf("token"u8) : null,
        Expiration = expiration,
        Origin = origin,
    };
}
