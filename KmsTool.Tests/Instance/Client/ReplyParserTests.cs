using System.Text;
using System.Text.Json;
using KmsTool.Instance.Client;

namespace KmsTool.Tests.Instance.Client;

public class ReplyParserTests
{
    [Theory]
    [InlineData("""{"Status":"Ok"}""", null)]
    [InlineData("""{ "Status": "Ok" }""", null)]
    [InlineData(""" {"Status":"Ok","Message":null} """, null)]
    [InlineData("""{"Status":"Ok","Message":""}""", "")]
    [InlineData("""{ "Status": "Ok", "Message": "a\/b+" }""", "a/b+")]
    [InlineData("""{"Message":"YQ==","Status":"Ok"}""", "YQ==")]
    [InlineData("""{"Status":"Ok","Message":"YQ==","Later":{"a":[1,{"Status":"Error"}]},"Message2":5}""", "YQ==")]
    [InlineData("""{"\u0053tatus":"O\u006b","Message":"\u0059Q=="}""", "YQ==")]
    public void Parse_success_gives_the_result(string reply, string? result)
    {
        using EnclaveReply parsed = Parse(reply);

        Assert.True(parsed.IsOk);
        Assert.Equal(result, parsed.Result is null ? null : Encoding.UTF8.GetString(parsed.Result.Span));
    }

    [Theory]
    [InlineData("""{ "Status": "Error" }""", null, null)]
    [InlineData("""{ "Status": "Error", "Message": "Client not initialized" }""", "Client not initialized", null)]
    [InlineData("""{"Code":"KmsTimeout","Status":"Error","Message":"\u001b[2J"}""", "\u001b[2J", "KmsTimeout")]
    [InlineData("""{"Code":null,"Status":"Error","Message":null}""", null, null)]
    public void Parse_error_gives_message_and_code(string reply, string? message, string? code)
    {
        using EnclaveReply parsed = Parse(reply);

        Assert.False(parsed.IsOk);
        Assert.Null(parsed.Result);
        Assert.Equal(message, parsed.ErrorMessage);
        Assert.Equal(code, parsed.ErrorCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("\"Ok\"")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{")]
    [InlineData("""{"Status":"Ok" """)]
    [InlineData("""{"Status":"Ok"}{"Status":"Ok"}""")]
    [InlineData("""{"Status":"Ok"}x""")]
    [InlineData("""{"Status":"ok"}""")]
    [InlineData("""{"status":"Ok"}""")]
    [InlineData("""{"Status":null}""")]
    [InlineData("""{"Status":true}""")]
    [InlineData("""{"Status":["Ok"]}""")]
    [InlineData("""{"Status":"Ok","Status":"Ok"}""")]
    [InlineData("""{"Status":"Error","Status":"Ok"}""")]
    [InlineData("""{"Status":"Ok","Message":"YQ==","Message":"YQ=="}""")]
    [InlineData("""{"Status":"Ok","Message":null,"Message":"YQ=="}""")]
    [InlineData("""{"Status":"Error","Code":"a","Code":"b"}""")]
    [InlineData("""{"Status":"Ok","Message":5}""")]
    [InlineData("""{"Status":"Ok","Message":{}}""")]
    [InlineData("""{"Status":"Error","Code":5}""")]
    [InlineData("""{"Status":"Ok",}""")]
    [InlineData("""{"Status":"Ok"/*c*/}""")]
    [InlineData("""{"Status":"Ok","Deep":[[[[[[[[[1]]]]]]]]]}""")]
    [InlineData("\ufeff{\"Status\":\"Ok\"}")]
    [InlineData("""{"Status":"Ok","Message":"\ud800"}""")]
    public void Parse_what_is_no_reply_is_refused(string message) =>
        Assert.Throws<JsonException>(() => Parse(message).Dispose());

    [Fact]
    public void Parse_text_that_is_not_UTF8_is_refused()
    {
        byte[] reply = [.. "{\"Status\":\"Error\",\"Message\":\""u8, 0xFF, .. "\"}"u8];

        Assert.Throws<JsonException>(() => ReplyParser.Parse(reply).Dispose());
    }

    [Fact]
    public void Parse_refusal_does_not_quote_the_message()
    {
        var e = Assert.Throws<JsonException>(() => Parse("""{"Status":"Ok","Message":"U0VDUkVU" SECRET}""").Dispose());

        Assert.DoesNotContain("SECRET", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("U0VDUkVU", e.ToString(), StringComparison.Ordinal);
    }

    private static EnclaveReply Parse(string message) => ReplyParser.Parse(Encoding.UTF8.GetBytes(message));
}
