using KmsTool.Instance.Commands;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Docs;

/// <summary>What docs/vsock-proxy.md shows and lists is so.</summary>
public sealed class VsockProxyPageTests : IDisposable
{
    private static readonly string Page = DocsPage.Named("vsock-proxy.md");

    private readonly TempDirectory _directory = new();

    [Fact]
    public void Example_of_the_file_is_read_and_allows_its_own_listeners()
    {
        string path = _directory["vsock-proxy.yaml"];
        File.WriteAllLines(path, Assert.Single(DocsPage.Blocks(Page, "yaml"), block => block.Contains("allowlist:")));

        ProxyFile file = ProxyFileReader.Read(path);

        Assert.Equal(["vsock:3:8000 tcp:kms.eu-central-1.amazonaws.com:443", "vsock:3:8001 "], file.Listeners.Select(entry => $"{entry.Local} {entry.Remote}"));
        Assert.All(file.Listeners, entry => Assert.True(entry.Remote is null || file.Allowlist.Admit(entry.Remote.Host, entry.Remote.Port) is not null));
    }

    [Fact]
    public void Every_end_of_a_connection_is_explained()
    {
        string[] lines = File.ReadAllLines(Page);

        Assert.All(Enum.GetNames<ConnectionEnd>(), end => Assert.Single(lines, line => line.StartsWith($"| {end} | ", StringComparison.Ordinal)));
    }

    public void Dispose() => _directory.Dispose();
}
