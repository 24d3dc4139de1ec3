using KmsTool.CommandLine.Yaml;
using KmsTool.Enclave.Hosting;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Hosting;

public sealed class EnclaverManifestTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Path => _directory["enclaver.yaml"];

    /// <summary>The example of Enclaver's page "Using KMS Proxy".</summary>
    [Fact]
    public void Read_Enclavers_example()
    {
        EnclaverManifest manifest = Read("""
            kms_proxy:
              listen_port: 9999

            egress:
              allow:
                - 169.254.169.254
                - kms.*.amazonaws.com

            """);

        Assert.Equal(9999, manifest.KmsProxy!.ListenPort);
        Assert.Empty(manifest.KmsProxy.Endpoints);
        Assert.Equal(["169.254.169.254", "kms.*.amazonaws.com"], manifest.Egress!.Allow.Select(pattern => pattern.ToString()));
        Assert.Empty(manifest.Egress.Deny);
        Assert.Null(manifest.Egress.ProxyPort);
        Assert.Empty(manifest.Others);
    }

    [Fact]
    public void Read_every_key_of_the_two_sections()
    {
        EnclaverManifest manifest = Read("""
            egress: {proxy_port: 65535, allow: ["**.example.com", 10.0.0.0/8], deny: ['evil.example.com', "[2001:db8::1]"]}
            kms_proxy:
              endpoints:
                eu-west-1: kms.eu-west-1.example.com
                us-gov-west-1: "https://kms.test:8443"
              listen_port: 1
            """);

        Assert.Equal(1, manifest.KmsProxy!.ListenPort);
        Assert.Equal(("kms.eu-west-1.example.com", 443), manifest.KmsProxy.Endpoints["eu-west-1"]);
        Assert.Equal(("kms.test", 8443), manifest.KmsProxy.Endpoints["us-gov-west-1"]);
        Assert.Equal((ushort)65535, manifest.Egress!.ProxyPort);
        Assert.Equal(["**.example.com", "10.0.0.0/8"], manifest.Egress.Allow.Select(pattern => pattern.ToString()));
        Assert.Equal(["evil.example.com", "2001:db8::1"], manifest.Egress.Deny.Select(pattern => pattern.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("{}")]
    public void Read_file_without_sections(string text)
    {
        EnclaverManifest manifest = Read(text);

        Assert.Null(manifest.KmsProxy);
        Assert.Null(manifest.Egress);
        Assert.Empty(manifest.Others);
    }

    [Fact]
    public void Read_empty_egress_allows_nothing()
    {
        EnclaverManifest manifest = Read("egress: {}");

        Assert.Empty(manifest.Egress!.Allow);
        Assert.Empty(manifest.Egress.Deny);
    }

    [Theory]
    [InlineData("kms_proxy:\negress:\n")]
    [InlineData("kms_proxy: ~\negress: null")]
    [InlineData("kms_proxy:\n  # listen_port: 9999\negress:\n  # allow:\n  #   - a.test\n")]
    public void Read_sections_with_nothing_after_them_are_absent(string text)
    {
        EnclaverManifest manifest = Read(text);

        Assert.Null(manifest.KmsProxy);
        Assert.Null(manifest.Egress);
        Assert.Empty(manifest.Others);
    }

    [Fact]
    public void Read_keys_with_only_comments_below_them_are_absent()
    {
        EnclaverManifest manifest = Read("""
            kms_proxy:
              endpoints:
              #  eu-west-1: kms.eu-west-1.example.com
              listen_port: 9999
            egress:
              proxy_port:
              allow:
                # - a.test
              deny:
              # Nothing is denied yet.
              #  - b.test
            """);

        Assert.Equal(9999, manifest.KmsProxy!.ListenPort);
        Assert.Empty(manifest.KmsProxy.Endpoints);
        Assert.Null(manifest.Egress!.ProxyPort);
        Assert.Empty(manifest.Egress.Allow);
        Assert.Empty(manifest.Egress.Deny);
    }

    [Fact]
    public void Read_other_sections_are_passed_over_whatever_they_hold_and_listed_with_their_lines()
    {
        EnclaverManifest manifest = Read("""
            version: v1
            name: "app"
            sources: &sources
              app: !local "registry/app:1"
              deep: [[[[{a: [*sources, {b: {listen_port: x}}]}]]]]
            kms_proxy:
              listen_port: 9999
            ingress:
              - listen_port: 8080
              - listen_port: 8080
            "defaults": ~
            egress:
              allow: []
            "\e[31m": |
              kms_proxy:
                listen_port: 1
            """);

        Assert.Equal(
            [("version", 1L), ("name", 2L), ("sources", 3L), ("ingress", 8L), ("defaults", 11L), ("\u001b[31m", 14L)], manifest.Others);
        Assert.Equal(9999, manifest.KmsProxy!.ListenPort);
        Assert.NotNull(manifest.Egress);
    }

    [Theory]
    [InlineData("kms_proxy:\n  listen_port: 9999\n  port: 1", ":3: unknown key 'port'")]
    [InlineData("version: v1\negress:\n  allow: []\n  denied:\n  - x", ":4: unknown key 'denied'")]
    [InlineData("kms_proxy:\n  Listen_port: 9999", ":2: unknown key 'Listen_port'")]
    [InlineData("kms_proxy: {}", ":1: the key 'listen_port' is missing")]
    [InlineData("x: y\nkms_proxy:\n  endpoints: {}", ":3: the key 'listen_port' is missing")]
    [InlineData("kms_proxy: true", ":1: expected {listen_port: N, endpoints: {REGION: HOST}}")]
    [InlineData("kms_proxy: [9999]", ":1: expected {listen_port: N, endpoints: {REGION: HOST}}")]
    [InlineData("kms_proxy:\n  listen_port: 0", ":2: listen_port '0' is not a number from 1 to 65535")]
    [InlineData("kms_proxy:\n  listen_port: 65536", ":2: listen_port '65536' is not a number from 1 to 65535")]
    [InlineData("kms_proxy:\n  listen_port: -1", ":2: listen_port '-1' is not a number")]
    [InlineData("kms_proxy:\n  listen_port: 0x10", ":2: listen_port '0x10' is not a number")]
    [InlineData("kms_proxy:\n  listen_port: 99.0", ":2: listen_port '99.0' is not a number")]
    [InlineData("kms_proxy:\n  listen_port: '9999'", ":2: '9999' is in quotes")]
    [InlineData("kms_proxy:\n  listen_port: [9999]", ":2: expected a listen_port")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  listen_port: 2", ":3: the key 'listen_port' appears twice")]
    [InlineData("kms_proxy: {listen_port: 1}\negress: {}\nkms_proxy: {listen_port: 1}", ":3: the key 'kms_proxy' appears twice")]
    [InlineData("a: b\na: b", ":2: the key 'a' appears twice")]
    [InlineData("kms_proxy: {listen_port: 1, endpoints: [x]}", ":1: expected {REGION: HOST}")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    nowhere: kms.test", ":4: 'nowhere' is not a region code, such as eu-central-1")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: http://kms.test", ":4: 'http://kms.test': TLS to KMS ends in the enclave")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: kms.test/path", ":4: 'kms.test/path' is not a KMS endpoint")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: user@kms.test", ":4: 'user@kms.test' is not a KMS endpoint")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: ''", ":4: '' is not a KMS endpoint")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: {host: x}", ":4: expected the host of KMS")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1: a\n    eu-west-1: a", ":5: the key 'eu-west-1' appears twice")]
    [InlineData("egress:\n  allow: example.com", ":2: expected a list of hosts")]
    [InlineData("egress:\n  allow: ''", ":2: expected a list of hosts")]
    [InlineData("egress:\n  allow: &x", ":2: anchors and tags are not taken")]
    [InlineData("egress:\n  deny:\n  -", ":3: '' is neither a host name nor an IP address")]
    [InlineData("kms_proxy:\n  listen_port:", ":2: listen_port '' is not a number from 1 to 65535")]
    [InlineData("kms_proxy:\n  listen_port: 1\n  endpoints:\n    eu-west-1:", ":4: '' is not a KMS endpoint")]
    [InlineData("egress:\n  allow:\n  allow: []", ":3: the key 'allow' appears twice")]
    [InlineData("egress:\n  allow: {a: b}", ":2: expected a list of hosts")]
    [InlineData("egress:\n  allow:\n  - [a]", ":3: expected a host name, an address or a pattern")]
    [InlineData("egress:\n  allow:\n  - a.test\n  - 'a*.test'", ":4: 'a*.test' is neither a host name nor an IP address")]
    [InlineData("egress:\n  deny:\n  - 10.0.0.1/8", ":3: '10.0.0.1/8' is not a network")]
    [InlineData("egress:\n  deny:\n  - 10.1", ":3: '10.1' is another way to write 10.0.0.1; write it so")]
    [InlineData("egress:\n  deny:\n  - 10.1.", ":3: '10.1.' is another way to write 10.0.0.1; write it so")]
    [InlineData("egress:\n  deny:\n  - https://a.test", ":3: ")]
    [InlineData("egress:\n  deny:\n  - a.test:443", ":3: ")]
    [InlineData("egress:\n  proxy_port: 0", ":2: proxy_port '0' is not a number from 1 to 65535")]
    [InlineData("egress: &x\n  allow: []", "anchors and tags are not taken")]
    [InlineData("a: &x [a.test]\negress:\n  allow: *x", ":3: expected a list of hosts")]
    [InlineData("a: &x {allow: []}\negress:\n  <<: *x", ":3: unknown key '<<'")]
    [InlineData("egress: !x {}", ":1: anchors and tags are not taken")]
    [InlineData("- kms_proxy", ":1: expected the sections of an enclaver.yaml")]
    [InlineData("kms_proxy", ":1: expected the sections of an enclaver.yaml")]
    [InlineData("[a]: b", ":1: expected a key")]
    [InlineData("egress: {}\n---\negress: {}", ":2: more than one document")]
    [InlineData("a: [", "not valid YAML")]
    [InlineData("a: *unknown\nb: {", "not valid YAML")]
    public void Read_what_is_not_in_order_is_refused_with_line_and_reason(string text, string expected)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Read(text));

        Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_file_that_is_not_there() => Assert.Throws<FileNotFoundException>(() => EnclaverManifest.Read(_directory["missing"]));

    public void Dispose() => _directory.Dispose();

    private EnclaverManifest Read(string text)
    {
        File.WriteAllText(Path, text);
        return EnclaverManifest.Read(Path);
    }
}
