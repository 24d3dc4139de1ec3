using System.Net;
using System.Text;
using KmsTool.CommandLine.Yaml;
using KmsTool.Instance.Commands;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Commands;

public sealed class ProxyFileReaderTests : IDisposable
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
            ["kms.eu-west-1.amazonaws.com:443", "10.0.0.1:80"],
            ProxyFileReader.Read(Path).Allowlist.Entries.Select(entry => $"{entry.Host}:{entry.Ports}"));
    }

    [Fact]
    public void Read_listeners_are_what_the_file_says()
    {
        File.WriteAllText(Path, """
            allowlist:
            - {address: "**.example.com", port: 443}
            - {address: 10.0.0.0/8, port: 8000-8099}
            listeners:
            - {local_port: 8000, remote_addr: KMS.test, remote_port: 443}
            - {local_port: 0x2000, mode: connect, peers: [16, 17], num_workers: 12}
            - {local_port: "unix:/run/p.sock", remote_addr: "[2001:db8::1]", remote_port: 8443}
            - {local_port: "tcp:127.0.0.1:0", mode: connect, peers: [127.0.0.2, "::1"]}
            """);

        ProxyFile file = ProxyFileReader.Read(Path);

        Assert.Equal(["**.example.com:443", "10.0.0.0/8:8000-8099"], file.Allowlist.Entries.Select(entry => $"{entry.Host}:{entry.Ports}"));
        Assert.Equal(
            ["vsock:3:8000 tcp:KMS.test:443  5", "vsock:3:8192  12 6", "unix:/run/p.sock tcp:[2001:db8::1]:8443  7", "tcp:127.0.0.1:0   8"],
            file.Listeners.Select(entry => $"{entry.Local} {entry.Remote} {entry.MaxConnections} {entry.Line}"));
        Assert.True(file.Listeners[1].Peers!.Contains(new VsockEndPoint(16, 99)));
        Assert.False(file.Listeners[1].Peers!.Contains(new VsockEndPoint(18, 99)));
        Assert.True(file.Listeners[3].Peers!.Contains(new IPEndPoint(IPAddress.Parse("127.0.0.2").MapToIPv6(), 99)));
        Assert.False(file.Listeners[3].Peers!.Contains(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 99)));
        Assert.False(file.Listeners[3].Peers!.Contains(null));
        Assert.Null(file.Listeners[0].Peers);
    }

    [Fact]
    public void Read_more_listeners_than_256_are_refused()
    {
        File.WriteAllText(Path, "allowlist: []\nlisteners:\n" + string.Concat(Enumerable.Range(1, 257).Select(i => $"- {{local_port: {i}, mode: connect}}\n")));

        Assert.Contains(":259: more than 256 listeners", Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path)).Message, StringComparison.Ordinal);
    }

    // The AWS program reads such a file.
    [Fact]
    public void Read_unknown_keys_at_the_top_level_are_passed_over_and_told()
    {
        File.WriteAllText(Path, """
            version: 2
            comment: {of: [any, depth], allowlist: [&a x, *a, !!str y]}
            allowlist:
            - {address: kms.test, port: 443}
            x-notes:
            - listeners
            """);

        ProxyFile file = ProxyFileReader.Read(Path);

        Assert.Equal(["kms.test:443"], file.Allowlist.Entries.Select(entry => $"{entry.Host}:{entry.Ports}"));
        Assert.Empty(file.Listeners);
        Assert.Equal([("version", 1), ("comment", 2), ("x-notes", 5)], file.Ignored);
    }

    [Fact]
    public void Read_empty_list_allows_nothing()
    {
        File.WriteAllText(Path, "allowlist: []");

        Assert.Empty(ProxyFileReader.Read(Path).Allowlist.Entries);
    }

    [Theory]
    [InlineData("", "the key 'allowlist' is missing")]
    [InlineData("# nothing\n", "the key 'allowlist' is missing")]
    [InlineData("{}", ":1: the key 'allowlist' is missing")]
    [InlineData("- a", ":1: expected the key 'allowlist'")]
    [InlineData("allowlist: [\n", ":2: not valid YAML")]
    [InlineData("allowlist:\n\t- x", ": not valid YAML: While scanning")]
    [InlineData("allowlist:\n- {address: a.test, port: 1}\n- }", ":3: not valid YAML: ")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect, more: 1}", ":3: unknown key 'more'")]
    [InlineData("more: 1", ":1: the key 'allowlist' is missing")]
    [InlineData("allowlist: []\nmore: 1\nmore: 2", ":3: the key 'more' appears twice")]
    [InlineData("allowlist: []\nmore: [", ": not valid YAML")]
    [InlineData("allowlist: []\n? [more]\n: 1", ":2: expected a key")]
    [InlineData("allowlist: []\nallowlist: []", ":2: the key 'allowlist' appears twice")]
    [InlineData("allowlist:", ":1: expected a list of destinations")]
    [InlineData("allowlist:\n- a.test:443", ":2: expected {address: HOST, port: N}")]
    [InlineData("allowlist:\n- {address: a.test, port: 1, proto: tcp}", ":2: unknown key 'proto'")]
    [InlineData("allowlist:\n- {address: a.test, port: 1, port: 2}", ":2: the key 'port' appears twice")]
    [InlineData("allowlist:\n- {address: a.test, address: a.test, port: 1}", ":2: the key 'address' appears twice")]
    [InlineData("allowlist:\n- {port: 1}", ":2: the key 'address' is missing")]
    [InlineData("allowlist:\n- {address: a.test}", ":2: the key 'port' is missing")]
    [InlineData("allowlist:\n- {address: a.test, port: 0}", ":2: port '0' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: 65536}", ":2: port '65536' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: -1}", ":2: port '-1' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: https}", ":2: port 'https' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: '443'}", ":2: '443' is in quotes; expected a port")]
    [InlineData("allowlist:\n- {address: a.test, port: [443]}", ":2: expected a port")]
    [InlineData("allowlist:\n- {address: [a.test], port: 443}", ":2: expected a host name or an IP address")]
    [InlineData("allowlist:\n- {address: , port: 443}", ":2: '' is neither a host name nor an IP address")]
    [InlineData("allowlist:\n- {address: 'a*.test', port: 443}", ":2: 'a*.test' is neither a host name nor an IP address")]
    [InlineData("allowlist:\n- {address: '*.a_\u00e9 .test', port: 443}", ":2: '*.a_\u00e9 .test' is not a host name with * or ** in place of whole labels")]
    [InlineData("allowlist:\n- {address: 10.0.0.1/8, port: 443}", ":2: '10.0.0.1/8' is not a network, such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("allowlist:\n- {address: '::ffff:10.0.0.1', port: 443}", ":2: '::ffff:10.0.0.1' is another way to write 10.0.0.1; write it so")]
    [InlineData("allowlist:\n- {address: 10.0.0.0/33, port: 443}", ":2: '10.0.0.0/33' is not a network")]
    [InlineData("allowlist:\n- {address: 10/8, port: 443}", ":2: '10/8' is not a network")]
    [InlineData("allowlist:\n- {address: a.test, port: 8099-8000}", ":2: port '8099-8000' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: 1-2-3}", ":2: port '1-2-3' is not a number from 1 to 65535")]
    [InlineData("allowlist:\n- {address: a.test, port: 0-3}", ":2: port '0-3' is not a number from 1 to 65535")]
    [InlineData("allowlist: []\nlisteners: []", ":2: the list of listeners is empty")]
    [InlineData("allowlist: []\nlisteners: 8000", ":2: expected a list of listeners")]
    [InlineData("allowlist: []\nlisteners:\n- {remote_addr: a.test, remote_port: 1}", ":3: the key 'local_port' is missing")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000}", ":3: expected {local_port: N, remote_addr: HOST, remote_port: N}")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, remote_addr: a.test}", ":3: expected {local_port: N, remote_addr: HOST, remote_port: N}")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 0, mode: connect}", ":3: '0' is not a vsock port")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 4294967295, mode: connect}", ":3: '4294967295' is not a vsock port")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 'udp:1:2', mode: connect}", ":3: 'udp:1:2' is not an address")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: socks}", ":3: mode 'socks' is not known")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect, remote_port: 1}", ":3: in mode connect the enclave says the destination")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, remote_addr: a.test, remote_port: 65536}", ":3: port '65536' is not a number from 1 to 65535")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect, num_workers: 0}", ":3: num_workers '0' is not a number from 1 to 100000")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect, peers: [x]}", ":3: peer 'x' is not a CID, or appears twice")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect, peers: [16, 0x10]}", ":3: peer '0x10' is not a CID, or appears twice")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 'tcp:127.0.0.1:1', mode: connect, peers: [16]}", ":3: peer '16' is not an IP address, or appears twice")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 'unix:/tmp/x', mode: connect, peers: [16]}", ":3: peers cannot be told apart at unix:/tmp/x")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, mode: connect}\n- {local_port: 0x1f40, mode: connect}", ":4: vsock:3:8000 appears twice")]
    [InlineData("allowlist:\n- {address: 10.1, port: 443}", ":2: '10.1' is another way to write 10.0.0.1; write it so")]
    [InlineData("allowlist:\n- {address: a.test, port: 1}\n- {address: A.Test, port: 1}", ":3: A.Test with port 1 appears twice")]
    [InlineData("allowlist:\n- &x {address: a.test, port: 1}", ":2: anchors and tags are not taken")]
    [InlineData("allowlist:\n- {address: !!str a.test, port: 1}", ":2: anchors and tags are not taken")]
    [InlineData("allowlist: []\n---\nallowlist: []", ":2: more than one document")]
    public void Read_what_is_not_in_order_is_refused_with_line_and_reason(string text, string expected)
    {
        File.WriteAllText(Path, text);

        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path));

        Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_alias_is_refused()
    {
        File.WriteAllText(Path, "allowlist:\n- {address: a.test, port: 1}\n- *x");

        Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path));
    }

    [Fact]
    public void Read_256_KiB_are_read_and_a_byte_more_is_refused()
    {
        File.WriteAllText(Path, "allowlist: []\n" + new string('#', (256 * 1024) - 14));
        Assert.Empty(ProxyFileReader.Read(Path).Allowlist.Entries);

        File.AppendAllText(Path, "#");

        Assert.Contains("larger than 256 KiB", Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("allowlist: ")]
    [InlineData("allowlist: []\nmore: ")]
    public void Read_depth_without_end_is_refused(string start)
    {
        File.WriteAllText(Path, start + new string('[', 200_000));

        Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path));
    }

    [Fact]
    public void Read_bytes_that_are_no_text_are_refused()
    {
        File.WriteAllBytes(Path, [.. "allowlist: "u8, 0xff]);

        Assert.Contains("not UTF-8 text", Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_directory_is_refused()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ProxyFileReader.Read(_directory.Path));

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
                ProxyFileReader.Read(Path);
            }
            catch (ConfigurationException e)
            {
                Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    public void Dispose() => _directory.Dispose();
}
