using System.Text;
using KmsTool.Instance.VsockProxy;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

public sealed class AllowlistReaderTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Path => _directory["allow.yaml"];

    // The first is the form of the file that comes with the AWS program.
    [Theory]
    [InlineData("allowlist:\n- {address: kms.eu-west-1.amazonaws.com, port: 443}\n- {address: 10.0.0.1, port: 80}\n")]
    [InlineData("# ours\nallowlist:\n  - address: 'kms.eu-west-1.amazonaws.com'  # KMS\n    port: 443\n  - port: 80\n    address: \"10.0.0.1\"")]
    [InlineData("\uFEFF---\r\n{allowlist: [{address: kms.eu-west-1.amazonaws.com, port: 443}, {address: 10.0.0.1, port: 80}]}\r\n...\r\n")]
    public void Read_forms_of_YAML_mean_the_same(string text)
    {
        File.WriteAllText(Path, text);

        Assert.Equal(
            [new AllowlistEntry("kms.eu-west-1.amazonaws.com", 443), new AllowlistEntry("10.0.0.1", 80)], AllowlistReader.Read(Path).Entries);
    }

    [Fact]
    public void Read_empty_list_allows_nothing()
    {
        File.WriteAllText(Path, "allowlist: []");

        Assert.Empty(AllowlistReader.Read(Path).Entries);
    }

    [Theory]
    [InlineData("", "the key 'allowlist' is missing")]
    [InlineData("# nothing\n", "the key 'allowlist' is missing")]
    [InlineData("{}", ":1: the key 'allowlist' is missing")]
    [InlineData("- a", ":1: expected the key 'allowlist'")]
    [InlineData("allowlist: [\n", ":2: no YAML")]
    [InlineData("allowlist:\n\t- x", ": no YAML: While scanning")]
    [InlineData("allowlist:\n- {address: a.test, port: 1}\n- }", ":3: no YAML: ")]
    [InlineData("allowlist:\n- {address: a.test, port: 1}\nmore: 1", ":3: unknown key 'more'")]
    [InlineData("allowlist: []\nallowlist: []", ":2: the key 'allowlist' stands there twice")]
    [InlineData("allowlist:", ":1: expected a list of destinations")]
    [InlineData("allowlist:\n- a.test:443", ":2: expected {address: HOST, port: N}")]
    [InlineData("allowlist:\n- {address: a.test, port: 1, proto: tcp}", ":2: unknown key 'proto'")]
    [InlineData("allowlist:\n- {address: a.test, port: 1, port: 2}", ":2: the key 'port' stands there twice")]
    [InlineData("allowlist:\n- {address: a.test, address: a.test, port: 1}", ":2: the key 'address' stands there twice")]
    [InlineData("allowlist:\n- {port: 1}", ":2: the key 'address' is missing")]
    [InlineData("allowlist:\n- {address: a.test}", ":2: the key 'port' is missing")]
    [InlineData("allowlist:\n- {address: a.test, port: 0}", ":2: port '0' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: 65536}", ":2: port '65536' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: -1}", ":2: port '-1' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: https}", ":2: port 'https' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: '443'}", ":2: port '443' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: [443]}", ":2: expected a port")]
    [InlineData("allowlist:\n- {address: [a.test], port: 443}", ":2: expected a host name or an IP address")]
    [InlineData("allowlist:\n- {address: , port: 443}", ":2: '' is neither a host name nor an IP address")]
    [InlineData("allowlist:\n- {address: '*.test', port: 443}", ":2: '*.test' is neither a host name nor an IP address")]
    [InlineData("allowlist:\n- {address: 10.1, port: 443}", ":2: '10.1' is another way to write 10.0.0.1; write it so")]
    [InlineData("allowlist:\n- {address: a.test, port: 1}\n- {address: A.Test, port: 1}", ":3: A.Test with port 1 stands there twice")]
    [InlineData("allowlist:\n- &x {address: a.test, port: 1}", ":2: anchors and tags are not taken")]
    [InlineData("allowlist:\n- {address: !!str a.test, port: 1}", ":2: anchors and tags are not taken")]
    [InlineData("allowlist: []\n---\nallowlist: []", ":2: more than one document")]
    public void Read_what_is_not_in_order_is_refused_with_line_and_reason(string text, string expected)
    {
        File.WriteAllText(Path, text);

        var e = Assert.Throws<AllowlistException>(() => AllowlistReader.Read(Path));

        Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_alias_is_refused()
    {
        File.WriteAllText(Path, "allowlist:\n- {address: a.test, port: 1}\n- *x");

        Assert.Throws<AllowlistException>(() => AllowlistReader.Read(Path));
    }

    [Fact]
    public void Read_256_KiB_are_read_and_a_byte_more_is_refused()
    {
        File.WriteAllText(Path, "allowlist: []\n" + new string('#', (256 * 1024) - 14));
        Assert.Empty(AllowlistReader.Read(Path).Entries);

        File.AppendAllText(Path, "#");

        Assert.Contains("larger than 256 KiB", Assert.Throws<AllowlistException>(() => AllowlistReader.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_depth_without_end_is_refused()
    {
        File.WriteAllText(Path, "allowlist: " + new string('[', 200_000));

        Assert.Throws<AllowlistException>(() => AllowlistReader.Read(Path));
    }

    [Fact]
    public void Read_bytes_that_are_no_text_are_refused()
    {
        File.WriteAllBytes(Path, [.. "allowlist: "u8, 0xff]);

        Assert.Contains("no UTF-8 text", Assert.Throws<AllowlistException>(() => AllowlistReader.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_directory_is_refused()
    {
        var e = Assert.Throws<AllowlistException>(() => AllowlistReader.Read(_directory.Path));

        Assert.Contains("cannot be read", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_any_byte_changed_gives_a_list_or_a_refusal()
    {
        byte[] good = Encoding.UTF8.GetBytes("allowlist:\n- {address: kms.test, port: 443}\n");
        var random = new Random(4);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. good];
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(128);
            File.WriteAllBytes(Path, bytes);
            try
            {
                AllowlistReader.Read(Path);
            }
            catch (AllowlistException e)
            {
                Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    public void Dispose() => _directory.Dispose();
}
