using System.Text;
using System.Text.Json;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Commands;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Instance.Commands;

public class BatchResultFormatterTests
{
    [Theory]
    [InlineData("Text", "Grüße\t€", "Grüße\t€\n")]
    [InlineData("Text", "", "\n")]
    [InlineData("Base64", "a\nb\0", "YQpiAA==\n")]
    [InlineData("Json", "a\nb\0", "{\"Index\":12,\"Plaintext\":\"YQpiAA==\"}\n")]
    [InlineData("Json", "", "{\"Index\":12,\"Plaintext\":\"\"}\n")]
    public void Format_each_format_writes_exactly_its_bytes(string format, string plaintext, string expected)
    {
        using BatchResult result = Format(format, new DecryptResponse { Plaintext = SensitiveBytes.CopyOf(Encoding.UTF8.GetBytes(plaintext)) });

        Assert.Equal(expected, Encoding.UTF8.GetString(result.Output.Span));
        Assert.False(result.Failed);
        Assert.Null(result.Complaint);
    }

    [Theory]
    [InlineData("line break", "610a62")]
    [InlineData("carriage return", "610d")]
    [InlineData("next line, U+0085", "61c28562")]
    [InlineData("line separator, U+2028", "61e280a862")]
    [InlineData("paragraph separator, U+2029", "61e280a962")]
    [InlineData("escape sequence", "1b5b324a")]
    [InlineData("NUL", "610062")]
    [InlineData("invalid UTF-8", "ff")]
    public void Format_text_that_is_not_one_printable_line_fails_with_advice(string what, string hex)
    {
        using BatchResult result = Format("Text", new DecryptResponse { Plaintext = SensitiveBytes.CopyOf(Convert.FromHexString(hex)) });

        Assert.True(result.Failed, what);
        Assert.Equal("\n"u8, result.Output.Span);
        Assert.StartsWith("line 12: ", result.Complaint, StringComparison.Ordinal);
        Assert.Contains("--output base64 or json", result.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void Format_what_the_enclave_withholds_is_told_in_json_only()
    {
        string digest = new string('a', 64);

        using BatchResult withDigest = Format("Json", new DecryptResponse { Withheld = true, Sha256 = digest });
        using BatchResult without = Format("Json", new DecryptResponse { Withheld = true });
        using BatchResult base64 = Format("Base64", new DecryptResponse { Withheld = true, Sha256 = digest });

        Assert.Equal($"{{\"Index\":12,\"Sha256\":\"{digest}\",\"Withheld\":true}}\n", Encoding.UTF8.GetString(withDigest.Output.Span));
        Assert.Equal("{\"Index\":12,\"Withheld\":true}\n", Encoding.UTF8.GetString(without.Output.Span));
        Assert.True(base64.Failed);
        Assert.Contains("--reply", base64.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void Fail_in_json_tells_all_on_one_line_of_stdout()
    {
        using BatchResult result = new BatchResultFormatter(OutputFormat.Json).Fail(3, "said \"no\"", "Access\nDenied");

        string line = Encoding.UTF8.GetString(result.Output.Span);
        var json = JsonElement.Parse(line);
        Assert.Equal(3, json.GetProperty("Index").GetInt64());
        Assert.Equal("said \"no\"", json.GetProperty("Error").GetString());
        Assert.Equal("Access\\u000ADenied", json.GetProperty("Code").GetString());
        Assert.Equal(3, json.EnumerateObject().Count());
        Assert.Equal(1, line.Count(c => c == '\n'));
        Assert.True(result.Failed);
        Assert.Null(result.Complaint);
    }

    private static BatchResult Format(string format, DecryptResponse reply)
    {
        using (reply)
        {
            return new BatchResultFormatter(Enum.Parse<OutputFormat>(format)).Format(12, reply);
        }
    }
}
