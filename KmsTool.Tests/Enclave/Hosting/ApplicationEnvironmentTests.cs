using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Hosting;
using KmsTool.Tests.Enclave.Egress;
using KmsTool.Tests.Simulator;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Enclave.Hosting;

public sealed class ApplicationEnvironmentTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private static readonly Dictionary<string, string> Own = new()
    {
        ["PATH"] = "/bin",
        ["aws_profile"] = "another variable",
        ["AWS_ACCESS_KEY_ID"] = "AKIDOWN",
        ["AWS_SECRET_ACCESS_KEY"] = "SECRETSECRET",
        ["AWS_SESSION_TOKEN"] = "SECRETSECRET",
        ["AWS_SECURITY_TOKEN"] = "SECRETSECRET",
        ["AWS_PROFILE"] = "own",
        ["AWS_DEFAULT_PROFILE"] = "own",
        ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true",
        ["AWS_ENDPOINT_URL_KMS"] = "https://kms.test",
        ["AWS_KMS_ENDPOINT"] = "https://kms.test",
        ["AWS_REGION"] = "us-east-2",
        ["http_proxy"] = "http://own.test",
        ["no_proxy"] = "own.test",
        ["KMSTOOL_OPERATIONS"] = "Decrypt",
    };

    [Fact]
    public async Task Of_theKmsProxy_leadsThereAndKeepsThisProgramsCredentials()
    {
        await using EnclaveServices services = await StartAsync(options => options with { Egress = null });

        Dictionary<string, string> environment = ApplicationEnvironment.Of(Own, services, "eu-west-1");

        KmsProxyServer proxy = services.KmsProxy!;
        string url = $"http://127.0.0.1:{proxy.Address.Port}";
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["PATH"] = "/bin",
                ["aws_profile"] = "another variable",
                ["AWS_ENDPOINT_URL_KMS"] = url,
                ["AWS_KMS_ENDPOINT"] = url,
                ["AWS_ACCESS_KEY_ID"] = proxy.Key.Id,
                ["AWS_SECRET_ACCESS_KEY"] = proxy.Key.SecretText(),
                ["AWS_REGION"] = "eu-west-1",
                ["AWS_DEFAULT_REGION"] = "eu-west-1",
                ["http_proxy"] = "http://own.test",
                ["no_proxy"] = "own.test",
                // For the commands that the application may start.
                ["KMSTOOL_OPERATIONS"] = "Decrypt",
            },
            environment);
    }

    [Fact]
    public async Task Of_egress_leadsAllButLoopbackThere()
    {
        await using EnclaveServices services = await StartAsync(options => options with { KmsProxy = null });

        Dictionary<string, string> environment = ApplicationEnvironment.Of(Own, services, "eu-west-1");

        string url = $"http://127.0.0.1:{services.Egress!.Address.Port}";
        Assert.All(["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"], name => Assert.Equal(url, environment[name]));
        Assert.All(["no_proxy", "NO_PROXY"], name => Assert.Equal("127.0.0.1,localhost,::1,[::1]", environment[name]));
        // Without the KMS proxy there is nothing to keep from an application.
        Assert.Equal("AKIDOWN", environment["AWS_ACCESS_KEY_ID"]);
        Assert.Equal("us-east-2", environment["AWS_REGION"]);
    }

    /// <summary>A KMS proxy at another address must not be looked for through egress.</summary>
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1,localhost,::1,[::1]")]
    [InlineData("::1", "127.0.0.1,localhost,::1,[::1]")]
    [InlineData("127.0.0.2", "127.0.0.1,localhost,::1,[::1],127.0.0.2")]
    public async Task Of_both_leadsToTheKmsProxyDirectly(string address, string expected)
    {
        await using EnclaveServices services = await StartAsync(options => options with
        {
            KmsProxy = options.KmsProxy! with { Address = System.Net.IPAddress.Parse(address) },
        });

        Dictionary<string, string> environment = ApplicationEnvironment.Of(Own, services, "eu-west-1");

        Assert.Equal(expected, environment["no_proxy"]);
        Assert.Equal($"http://{(address == "::1" ? "[::1]" : address)}:{services.KmsProxy!.Address.Port}", environment["AWS_ENDPOINT_URL_KMS"]);
        Assert.DoesNotContain(environment.Values, value => value.Contains("SECRETSECRET", StringComparison.Ordinal));
    }

    private Task<EnclaveServices> StartAsync(Func<ServicesSettings, ServicesSettings> configure)
    {
        SimulatorHost host = fixture.Simulator.Host;
        var options = new ServicesSettings
        {
            Kms = new KmsSettings
            {
                Proxy = new StreamAddress.Tcp("127.0.0.1", (ushort)host.KmsEndpoint.Port),
                Nsm = host.NsmAddress.ToString(),
                CaBundle = host.Files.CaBundle,
                Startup = new StartupSettings { RandomSourcePath = "/dev/null", RandomPath = "/dev/null" },
            },
            KmsProxy = new KmsProxySettings { Port = 0, Regions = new ProxyRegions(new Dictionary<string, KmsEndpoint>()) },
            Egress = new EgressSettings { Port = 0, Rules = TestEgress.Rules("", ""), Parent = new ParentRoutes() },
            Credentials = CredentialOrigin.Environment,
            InstanceMetadata = new Uri(InstanceMetadataSource.DefaultEndpoint),
            Parent = new ParentRoutes(),
            Region = "eu-west-1",
            LogLevel = LogLevel.None,
        };
        return EnclaveServices.StartAsync(configure(options), () => CredentialDocument.Make("AKIDEXAMPLE", SensitiveBytes.CopyOf("secret"u8), null), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }
}
