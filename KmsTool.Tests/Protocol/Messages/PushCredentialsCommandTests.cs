using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol.Messages;

public class PushCredentialsCommandTests
{
    private const string Whole =
        """{"Operation":"PushCredentials","AwsAccessKeyId":"AKIDEXAMPLE","AwsSecretAccessKey":"a\/b\u002Bc","AwsSessionToken":"t==","Expiration":"2026-01-02T05:04:05+02:00"}""";

    [Fact]
    public void Parse_ofAllMembers()
    {
        using PushCredentialsCommand command = Assert.IsType<PushCredentialsCommand>(Parse(Whole));

        Assert.Equal("AKIDEXAMPLE", command.AwsAccessKeyId);
        Assert.Equal("a/b+c", Encoding.UTF8.GetString(command.AwsSecretAccessKey.Span));
        Assert.Equal("t==", Encoding.UTF8.GetString(command.AwsSessionToken!.Span));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), command.Expiration);
        Assert.Equal("PushCredentials", command.ToString());
    }

    [Fact]
    public void Parse_ofTheNeededMembersOnly()
    {
        using PushCredentialsCommand command = Assert.IsType<PushCredentialsCommand>(
            Parse("""{"Operation":"PushCredentials","AwsAccessKeyId":"A","AwsSecretAccessKey":"s","AwsSessionToken":"","Expiration":null}"""));

        Assert.Null(command.AwsSessionToken);
        Assert.Null(command.Expiration);
    }

    [Theory]
    [InlineData("", "Could not read credentials")]
    [InlineData(""","AwsAccessKeyId":"A" """, "Could not read credentials")]
    [InlineData(""","AwsSecretAccessKey":"SECRETSECRET" """, "Could not read credentials")]
    [InlineData(""","AwsAccessKeyId":1,"AwsSecretAccessKey":"SECRETSECRET" """, "Could not read credentials")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":["SECRETSECRET"] """, "Could not read credentials")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","AwsSessionToken":1 """, "Could not read credentials")]
    [InlineData(""","AwsAccessKeyId":"a b","AwsSecretAccessKey":"SECRETSECRET" """, "Could not read credentials: AwsAccessKeyId is malformed")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"" """, "Could not read credentials: a secret is empty or malformed")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","AwsSessionToken":"SECRETSECRET\r\nX: y" """, "Could not read credentials: a secret is empty or malformed")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","AwsSessionToken":"é" """, "Could not read credentials: a secret is empty or malformed")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","Expiration":"SECRETSECRET" """, "Expiration is wrong: it takes a time such as 2026-01-02T03:04:05Z")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","Expiration":1767323045 """, "Expiration is wrong: it takes a time such as 2026-01-02T03:04:05Z")]
    [InlineData(""","AwsAccessKeyId":"A","AwsSecretAccessKey":"SECRETSECRET","Expiration":"2026-13-02T03:04:05Z" """, "Expiration is wrong: it takes a time such as 2026-01-02T03:04:05Z")]
    public void Parse_ofAnythingElse_isRefusedAndNotQuoted(string members, string expected)
    {
        InvalidCommand invalid = Assert.IsType<InvalidCommand>(Parse($$"""{"Operation":"PushCredentials"{{members}}}"""));

        Assert.StartsWith(expected, invalid.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETSECRET", invalid.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00x")]
    public void Parse_ofAStringWithAnInvalidEscape_isRefused(string text)
    {
        Assert.IsType<InvalidCommand>(Parse(Whole.Replace("AKIDEXAMPLE", text, StringComparison.Ordinal)));
        Assert.IsType<InvalidCommand>(Parse(Whole.Replace("t==", text, StringComparison.Ordinal)));
        Assert.IsType<InvalidCommand>(Parse(Whole.Replace("2026", text, StringComparison.Ordinal)));
        Assert.IsType<InvalidCommand>(Parse(Whole.Replace("a\\/b", text, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Write_isReadAsTheSame()
    {
        using var command = new PushCredentialsCommand
        {
            AwsAccessKeyId = "AKID",
            AwsSecretAccessKey = SensitiveBytes.CopyOf("se/cr+et\"\\"u8),
            AwsSessionToken = SensitiveBytes.CopyOf("token=="u8),
            Expiration = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        };
        var pipe = new Pipe();

        MessageWriter.Write(pipe.Writer, command);
        await pipe.Writer.CompleteAsync();
        byte[] written = (await pipe.Reader.ReadAtLeastAsync(int.MaxValue)).Buffer.ToArray();

        Assert.StartsWith("{\"Operation\":\"PushCredentials\",", Encoding.UTF8.GetString(written), StringComparison.Ordinal);
        using PushCredentialsCommand read = Assert.IsType<PushCredentialsCommand>(CommandParser.Parse(new ReadOnlySequence<byte>(written.AsMemory()[..^1])));
        Assert.Equal(command.AwsSecretAccessKey.Span, read.AwsSecretAccessKey.Span);
        Assert.Equal(command.AwsSessionToken!.Span, read.AwsSessionToken!.Span);
        Assert.Equal((command.AwsAccessKeyId, command.Expiration), (read.AwsAccessKeyId, read.Expiration));
    }

    private static EnclaveCommand Parse(string message) => CommandParser.Parse(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(message)));
}
