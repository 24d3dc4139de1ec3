using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol;

namespace KmsTool.Instance.Commands;

/// <summary>What may be told about credentials: their origin, the end of the access key's identifier, the expiry.</summary>
internal static class CredentialsReport
{
    private const int ShownCharacters = 4;

    public static string FormatText(InstanceCredentials credentials, DateTimeOffset now) =>
        $"""
        From:        {TerminalText.Neutralize(credentials.Origin)}
        Access key:  …{TerminalText.Neutralize(TakeEnd(credentials.AccessKeyId))}
        Expire:      {DescribeExpiry(credentials, now)}

        """.ReplaceLineEndings("\n");

    public static string FormatJson(InstanceCredentials credentials, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("Origin", credentials.Origin);
            json.WriteString("AccessKeyIdEnd", TakeEnd(credentials.AccessKeyId));
            json.WriteBoolean("Temporary", credentials.SessionToken is not null);
            if (credentials.Expiration is { } expiration)
            {
                json.WriteString("Expiration", TextReport.FormatTime(expiration));
                json.WriteNumber("SecondsLeft", (long)(expiration - now).TotalSeconds);
            }
            else
            {
                json.WriteNull("Expiration");
                json.WriteNull("SecondsLeft");
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static string DescribeExpiry(InstanceCredentials credentials, DateTimeOffset now)
    {
        if (credentials.Expiration is not { } expiration)
        {
            return credentials.SessionToken is null ? "they do not expire" : "at a time that only their source knows; they are temporary";
        }

        TimeSpan left = expiration - now;
        return left > TimeSpan.Zero
            ? $"{TextReport.FormatTime(expiration)}, in {FormatDuration(left)}"
            : $"{TextReport.FormatTime(expiration)}, {FormatDuration(-left)} ago";
    }

    private static string FormatDuration(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours} h {time.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.Seconds} s"),
    };

    // The identifier is not a secret, but it helps an attacker to choose a target: show just enough to tell two keys apart.
    private static string TakeEnd(string accessKeyId) => accessKeyId[Math.Max(0, accessKeyId.Length - ShownCharacters)..];
}
