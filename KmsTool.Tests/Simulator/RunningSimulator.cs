using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Amazon.SecurityToken;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator;

/// <summary>A simulator in a folder of its own that goes when it does, and real AWS clients for it.</summary>
internal sealed class RunningSimulator : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly List<IDisposable> _owned = [];

    private RunningSimulator(TempDirectory directory, SimulatorHost host)
    {
        _directory = directory;
        Host = host;
    }

    public SimulatorHost Host { get; }

    public static async Task<RunningSimulator> StartAsync(Func<SimulatorOptions, SimulatorOptions>? configure = null)
    {
        var directory = new TempDirectory();
        try
        {
            var options = new SimulatorOptions { Directory = directory.Path };
            return new RunningSimulator(directory, await SimulatorHost.StartAsync(configure?.Invoke(options) ?? options, CancellationToken.None));
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>An HTTP client that trusts the simulator's authority and nothing else.</summary>
    public HttpClient HttpClient() => Own(new HttpClient(Handler()));

    public AmazonKeyManagementServiceClient Kms(AwsCredential? credential = null) => Own(new AmazonKeyManagementServiceClient(
        Credentials(credential ?? Host.Administrator), Configure(new AmazonKeyManagementServiceConfig(), Host.KmsEndpoint)));

    public AmazonSecurityTokenServiceClient Sts(AwsCredential? credential = null) => Sts(Credentials(credential ?? Host.Administrator));

    public AmazonSecurityTokenServiceClient Sts(AWSCredentials credentials) => Own(new AmazonSecurityTokenServiceClient(
        credentials, Configure(new AmazonSecurityTokenServiceConfig(), Host.StsEndpoint)));

    public async ValueTask DisposeAsync()
    {
        _owned.ForEach(static owned => owned.Dispose());
        await Host.DisposeAsync();
        _directory.Dispose();
    }

    private static AWSCredentials Credentials(AwsCredential credential) => credential.SessionToken is null
        ? new BasicAWSCredentials(credential.AccessKeyId, credential.SecretAccessKey)
        : new SessionAWSCredentials(credential.AccessKeyId, credential.SecretAccessKey, credential.SessionToken);

    private TConfig Configure<TConfig>(TConfig config, Uri endpoint)
        where TConfig : ClientConfig
    {
        config.ServiceURL = endpoint.ToString();
        config.AuthenticationRegion = Host.Account.Region;
        config.HttpClientFactory = new TrustingFactory(this);
        config.MaxErrorRetry = 0;
        return config;
    }

    private SocketsHttpHandler Handler()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(Host.TlsAuthority);
        return new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
    }

    private T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    private sealed class TrustingFactory(RunningSimulator simulator) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => simulator.HttpClient();

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;
    }
}
