using System.Text;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Commands;

public class CiphertextSourceTests
{
    [Theory]
    [InlineData("AQID")]
    [InlineData("AQID\n")]
    [InlineData(" A QI\r\nD\t")]
    public async Task ReadAsync_white_space_in_base64_is_skipped(string text)
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["c"], text);

        Assert.Equal([1, 2, 3], await CiphertextSource.FromArgument(text).ReadAsync(default));
        Assert.Equal([1, 2, 3], await CiphertextSource.FromFile(directory["c"], CiphertextFormat.Base64).ReadAsync(default));
    }

    [Fact]
    public async Task ReadAsync_file_as_Windows_PowerShell_writes_it_is_read()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["utf16"], "AQID\r\n", Encoding.Unicode);
        await File.WriteAllTextAsync(directory["utf8"], "AQID\r\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));

        Assert.Equal([1, 2, 3], await CiphertextSource.FromFile(directory["utf16"], CiphertextFormat.Base64).ReadAsync(default));
        Assert.Equal([1, 2, 3], await CiphertextSource.FromFile(directory["utf8"], CiphertextFormat.Base64).ReadAsync(default));
    }

    [Fact]
    public async Task ReadAsync_raw_file_is_taken_byte_for_byte()
    {
        using var directory = new TempDirectory();
        byte[] blob = [1, 2, 2, 0, (byte)'\n', 0xFF];
        await File.WriteAllBytesAsync(directory["c"], blob);

        Assert.Equal(blob, await CiphertextSource.FromFile(directory["c"], CiphertextFormat.Raw).ReadAsync(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public async Task ReadAsync_empty_ciphertext_is_refused(string text) =>
        await AssertRefusedAsync(CiphertextSource.FromArgument(text), "empty");

    [Theory]
    [InlineData("AAA")]
    [InlineData("!!!!")]
    [InlineData("AQ==ID")]
    [InlineData("{\"CiphertextBlob\":\"AQID\"}")]
    public async Task ReadAsync_what_is_not_base64_is_refused(string text) =>
        await AssertRefusedAsync(CiphertextSource.FromArgument(text), "not base64");

    [Fact]
    public async Task ReadAsync_binary_file_without_its_format_is_refused_with_the_option_to_use()
    {
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["c"], [1, 2, 2, 0, 0xFF]);

        await AssertRefusedAsync(CiphertextSource.FromFile(directory["c"], CiphertextFormat.Base64), "--file-format raw");
    }

    [Fact]
    public async Task ReadAsync_longest_ciphertext_of_KMS_is_accepted_and_one_byte_more_refused()
    {
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["longest"], new byte[6144]);
        await File.WriteAllBytesAsync(directory["longer"], new byte[6145]);

        Assert.Equal(6144, (await CiphertextSource.FromArgument(Convert.ToBase64String(new byte[6144])).ReadAsync(default)).Length);
        Assert.Equal(6144, (await CiphertextSource.FromFile(directory["longest"], CiphertextFormat.Raw).ReadAsync(default)).Length);
        await AssertRefusedAsync(CiphertextSource.FromArgument(Convert.ToBase64String(new byte[6145])), "at most 6144");
        await AssertRefusedAsync(CiphertextSource.FromFile(directory["longer"], CiphertextFormat.Raw), "at most 6144");
    }

    [Fact]
    public async Task ReadAsync_endless_file_is_refused_without_being_read_to_its_end() =>
        await AssertRefusedAsync(CiphertextSource.FromFile("/dev/zero", CiphertextFormat.Raw), "at most 6144");

    [Fact]
    public async Task ReadAsync_missing_file_is_refused_by_name()
    {
        using var directory = new TempDirectory();

        await AssertRefusedAsync(CiphertextSource.FromFile(directory["missing"], CiphertextFormat.Base64), directory["missing"]);
        await AssertRefusedAsync(CiphertextSource.FromFile(directory.Path, CiphertextFormat.Base64), directory.Path);
    }

    private static async Task AssertRefusedAsync(CiphertextSource source, string named)
    {
        CommandFailedException e = await Assert.ThrowsAsync<CommandFailedException>(() => source.ReadAsync(CancellationToken.None));

        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }
}
