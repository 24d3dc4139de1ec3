using System.Net.Sockets;
using KmsTool.CommandLine.Yaml;
using KmsTool.Instance.Commands;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Commands;

public sealed class ProxyPlannerTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly HappyEyeballs _eyeballs = new(TimeProvider.System);

    private string Config => _directory["proxy.yaml"];

    [Theory]
    [InlineData("8000", null, 4, 3)]
    [InlineData("8000", null, 5, 4)]
    [InlineData("8000", null, 1, 1)]
    [InlineData("'vsock:8000'", null, 1000, 750)]
    [InlineData("8000", 0, 4, null)]
    [InlineData("8000", 7, 4, 7)]
    [InlineData("'unix:/tmp/x'", null, 4, null)]
    [InlineData("'tcp:127.0.0.1:8000'", null, 4, null)]
    [InlineData("'unix:/tmp/x'", 2, 4, 2)]
    public async Task PlanAsync_one_enclave_gets_three_quarters_of_the_places_unless_told_otherwise(string local, int? maxPerPeer, int places, int? expected)
    {
        await WriteAsync($"- {{local_port: {local}, mode: connect, num_workers: {places}}}");

        ProxyPlan plan = await PlanAsync(new ProxySettings { MaxPerPeer = maxPerPeer });

        Assert.Equal((places, expected), (plan.Listeners.Single().MaxConnections, plan.Listeners.Single().MaxPerPeer));
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, "--ipv4", "'::1'", "::1 is not an IPv4 address, as --ipv4 asks")]
    [InlineData(AddressFamily.InterNetworkV6, "--ipv6", "127.0.0.1", "127.0.0.1 is not an IPv6 address, as --ipv6 asks")]
    public async Task PlanAsync_destination_of_the_other_family_is_refused_with_its_line(AddressFamily family, string option, string host, string reason)
    {
        await WriteAsync($"- {{local_port: 8000, mode: connect}}\n- {{local_port: 8001, remote_addr: {host}, remote_port: 443}}");

        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => PlanAsync(new ProxySettings { Family = family, FamilyOption = option }));

        Assert.Equal($"{Config}:6: {reason}", e.Message);
    }

    public void Dispose() => _directory.Dispose();

    private Task WriteAsync(string listeners) => File.WriteAllTextAsync(
        Config, $"allowlist:\n- {{address: 127.0.0.1, port: 443}}\n- {{address: '::1', port: 443}}\nlisteners:\n{listeners}\n");

    private Task<ProxyPlan> PlanAsync(ProxySettings options) => new ProxyPlanner(
        new ProxyArguments(null, null, Config, NeedsFile: true), options, NameTable.Blocking(NameTable.None), _eyeballs, TimeProvider.System, new RecordingLogger())
        .PlanAsync(CancellationToken.None);
}
