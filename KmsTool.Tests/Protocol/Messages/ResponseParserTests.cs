using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol.Messages;

public class ResponseParserTests
{
    [Theory]
    [InlineData("""{"Status":"Ok"}""")]
    [InlineData("""{ "Status": "Ok" }""")]
    [InlineData(""" {"Status":"Ok","Message":null} """)]
    public void Parse_success_of_a_command_without_result(string reply) =>
        Assert.Equal(new ParsedResponse.Done(null), ResponseParser.Parse(Encoding.UTF8.GetBytes(reply), null));

    [Theory]
    [InlineData("""{"Status":"Ok","Message":""}""", "")]
    [InlineData("""{ "Status": "Ok", "Message": "a\/b+" }""", "a/b+")]
    [InlineData("""{"Message":"YQ==","Status":"Ok"}""", "YQ==")]
    [InlineData("""{"Status":"Ok","Message":"YQ==","Later":{"a":[1,{"Status":"Error"}]},"Message2":5}""", "YQ==")]
    [InlineData("""{"\u0053tatus":"O\u006b","Message":"\u0059Q=="}""", "YQ==")]
    public void Parse_success_gives_the_result(string reply, string result)
    {
        ParsedResponse.Done done = Assert.IsType<ParsedResponse.Done>(Parse(reply));

        using DecryptResponse content = Assert.IsType<DecryptResponse>(done.Content);
        Assert.Equal(result, Convert.ToBase64String(content.Plaintext!.Span));
    }

    [Theory]
    [InlineData("""{"Status":"Ok","Withheld":true}""", null)]
    [InlineData("""{"Status":"Ok","Sha256":"ab","Withheld":true}""", "ab")]
    public void Parse_success_whose_secret_is_withheld_says_so(string reply, string? sha256)
    {
        ParsedResponse.Done done = Assert.IsType<ParsedResponse.Done>(Parse(reply));

        using DecryptResponse content = Assert.IsType<DecryptResponse>(done.Content);
        Assert.Null(content.Plaintext);
        Assert.Equal((sha256, true), (content.Sha256, content.Withheld));
    }

    [Theory]
    [InlineData("""{ "Status": "Error" }""", null, null)]
    [InlineData("""{ "Status": "Error", "Message": "Client not initialized" }""", "Client not initialized", null)]
    [InlineData("""{"Code":"KmsTimeout","Status":"Error","Message":"\u001b[2J"}""", "\u001b[2J", "KmsTimeout")]
    [InlineData("""{"Code":null,"Status":"Error","Message":null}""", null, null)]
    public void Parse_error_gives_message_and_code(string reply, string? message, string? code) =>
        Assert.Equal(new ParsedResponse.Refused(message, code), Parse(reply));

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
    [InlineData("""{"Status":"Ok"}""")]
    [InlineData("""{"Status":"Ok","Message":"a"}""")]
    [InlineData("""{"Status":"Ok","Message":"YQ==YQ=="}""")]
    [InlineData("""{"Status":"Ok","Withheld":false}""")]
    [InlineData("""{"Status":"Ok","Withheld":true,"Withheld":true}""")]
    [InlineData("""{"Status":"Ok","Message":5}""")]
    [InlineData("""{"Status":"Ok","Message":{}}""")]
    [InlineData("""{"Status":"Error","Code":5}""")]
    [InlineData("""{"Status":"Ok",}""")]
    [InlineData("""{"Status":"Ok"/*c*/}""")]
    [InlineData("""{"Status":"Ok","Deep":[[[[[[[[[1]]]]]]]]]}""")]
    [InlineData("\ufeff{\"Status\":\"Ok\"}")]
    [InlineData("""{"Status":"Ok","Message":"\ud800"}""")]
    public void Parse_what_is_no_reply_is_refused(string message) =>
        Assert.Throws<JsonException>(() => Parse(message));

    [Fact]
    public void Parse_text_that_is_not_UTF8_is_refused()
    {
        byte[] reply = [.. "{\"Status\":\"Error\",\"Message\":\""u8, 0xFF, .. "\"}"u8];

        Assert.Throws<JsonException>(() => ResponseParser.Parse(reply, null));
    }

    [Fact]
    public void Parse_refusal_does_not_quote_the_message()
    {
        JsonException e = Assert.Throws<JsonException>(() => Parse("""{"Status":"Ok","Message":"U0VDUkVU" SECRET}"""));

        Assert.DoesNotContain("SECRET", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("U0VDUkVU", e.ToString(), StringComparison.Ordinal);
    }

    private static ParsedResponse Parse(string message) =>
        ResponseParser.Parse(Encoding.UTF8.GetBytes(message), MessageJsonContext.Default.DecryptResponse);
}
