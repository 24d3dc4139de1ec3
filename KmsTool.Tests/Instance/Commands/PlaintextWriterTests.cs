using System.Text;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;
using KmsTool.Protocol;

namespace KmsTool.Tests.Instance.Commands;

public class PlaintextWriterTests
{
    public static TheoryData<string, string> Unprintable => new()
    {
        { "escape sequence", "1b5b324a" },
        { "NUL", "610062" },
        { "C1 control, CSI", "c29b" },
        { "DEL", "7f" },
        { "invalid UTF-8", "ff" },
        { "truncated UTF-8", "e282" },
        { "overlong UTF-8", "c080" },
        { "surrogate in UTF-8", "eda080" },
    };

    [Theory]
    [InlineData("Text", "Hello, KMS!", "Hello, KMS!\n")]
    [InlineData("Text", "", "\n")]
    [InlineData("Text", "a\tb\r\nc\n", "a\tb\r\nc\n\n")]
    [InlineData("Text", "Grüße €, 𐍈", "Grüße €, 𐍈\n")]
    [InlineData("Base64", "Hello, KMS!", "SGVsbG8sIEtNUyE=\n")]
    [InlineData("Base64", "", "\n")]
    [InlineData("Json", "Hello, KMS!", "{\"Plaintext\":\"SGVsbG8sIEtNUyE=\"}\n")]
    [InlineData("Json", "", "{\"Plaintext\":\"\"}\n")]
    [InlineData("Raw", "Hello, KMS!", "Hello, KMS!")]
    [InlineData("Raw", "", "")]
    [InlineData("Raw", "\u001b[2J\0", "\u001b[2J\0")]
    public async Task WriteAsync_each_format_writes_exactly_its_bytes(string format, string plaintext, string expected)
    {
        byte[] written = await WriteAsync(Encoding.UTF8.GetBytes(plaintext), Enum.Parse<OutputFormat>(format));

        Assert.Equal(Encoding.UTF8.GetBytes(expected), written);
    }

    [Theory]
    [MemberData(nameof(Unprintable))]
    public async Task WriteAsync_text_that_is_not_printable_is_refused(string what, string hex)
    {
        CommandFailedException e = await Assert.ThrowsAsync<CommandFailedException>(
            () => WriteAsync(Convert.FromHexString(hex), OutputFormat.Text));

        Assert.True(e.ExitCode == ExitCode.OperationFailed, what);
        Assert.Contains("--output base64", e.Message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> WriteAsync(byte[] plaintext, OutputFormat format)
    {
        using var output = new MemoryStream();
        using var bytes = SensitiveBytes.CopyOf(plaintext);
        await PlaintextWriter.WriteAsync(output, bytes, format, CancellationToken.None);
        return output.ToArray();
    }
}
