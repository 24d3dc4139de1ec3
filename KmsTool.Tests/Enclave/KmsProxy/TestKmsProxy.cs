using System.Net.Sockets;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol;
using KmsTool.Protocol.Sockets;
using KmsTool.Signing;
using KmsTool.Simulator.Client;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Simulator;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using CredentialStore = KmsTool.Enclave.Credentials.CredentialStore;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>A simulator and a KMS proxy in an enclave of it, with the credentials of the instance's role.</summary>
internal sealed class TestKmsProxy : IAsyncDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly AttestedKms _kms;

    private TestKmsProxy(RunningSimulator simulator, AttestedKms kms, CredentialStore credentials, KmsProxyServer proxy)
    {
        Simulator = simulator;
        _kms = kms;
        Credentials = credentials;
        Proxy = proxy;
    }

    public RunningSimulator Simulator { get; }

    public CredentialStore Credentials { get; }

    public KmsProxyServer Proxy { get; }

    /// <summary>The secret of the local access key.</summary>
    public string Key => Proxy.Key.SecretText();

    public string Region => Simulator.Host.Account.Region;

    /// <param name="pins">What is fixed.</param>
    /// <param name="isCutOff">Whether nothing is where KMS should be, so that what is forwarded gives another error.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="time">The proxy's clock.</param>
    /// <param name="logger">The proxy's log.</param>
    public static async Task<TestKmsProxy> StartAsync(
        Func<SimulatorHost, KmsPins>? pins = null,
        bool isCutOff = false,
        Func<KmsProxySettings, KmsProxySettings>? configure = null,
        TimeProvider? time = null,
        ILogger? logger = null)
    {
        RunningSimulator simulator = await RunningSimulator.StartAsync();
        var settings = new KmsSettings
        {
            Proxy = isCutOff
                ? new StreamAddress.Unix(Path.Combine(simulator.Host.Files.Directory, "none.sock"))
                : new StreamAddress.Tcp("127.0.0.1", (ushort)simulator.Host.KmsEndpoint.Port),
            Nsm = simulator.Host.NsmAddress.ToString(),
            CaBundle = simulator.Host.Files.CaBundle,
            Pins = pins?.Invoke(simulator.Host) ?? KmsPins.None,
            Startup = new StartupSettings { RandomSourcePath = "/dev/null", RandomPath = "/dev/null" },
        };
        time ??= TimeProvider.System;
        logger ??= NullLogger.Instance;
        AttestedKms kms = await AttestedKms.OpenAsync(
            settings, time, logger, CancellationToken.None);
        var credentials = new CredentialStore(time);
        string region = simulator.Host.Account.Region;
        var options = new KmsProxySettings
        {
            Port = 0,
            Regions = new ProxyRegions(new Dictionary<string, KmsEndpoint> { [region] = KmsEndpoint.ForRegion(region, fips: false)! }),
        };
        KmsProxyServer proxy = await KmsProxyServer.StartAsync(configure?.Invoke(options) ?? options, kms.Client, credentials, time, logger, CancellationToken.None);
        var test = new TestKmsProxy(simulator, kms, credentials, proxy);
        test.Put(simulator.Host.Role!.CurrentCredential());
        return test;
    }

    public void Put(AwsCredential credential, DateTimeOffset? expiration = null) => Credentials.Put(new TimedCredentials(
        new KmsCredentials(credential.AccessKeyId, SensitiveBytes.CopyOf(Encoding.ASCII.GetBytes(credential.SecretAccessKey)), credential.SessionToken), expiration));

    /// <summary>The ARN of a key that only this enclave may use.</summary>
    public string CreateKey(string keySpec = "SYMMETRIC_DEFAULT") =>
        Simulator.Host.CreateKey(KeyPolicies.ForImage(Simulator.Host, Simulator.Host.Pcrs.Read(0).Value), keySpec);

    /// <summary>AWS's client, as an application in the enclave has it.</summary>
    public AmazonKeyManagementServiceClient Client(string? region = null)
    {
        var client = new AmazonKeyManagementServiceClient(
            new BasicAWSCredentials(Proxy.Key.Id, Proxy.Key.SecretText()),
            new AmazonKeyManagementServiceConfig { ServiceURL = Proxy.Address.ToString(), AuthenticationRegion = region ?? Region, MaxErrorRetry = 0 });
        _owned.Add(client);
        return client;
    }

    /// <summary>A signed request as text; what is changed afterwards is not what was signed.</summary>
    /// <param name="operation">KMS's operation.</param>
    /// <param name="body">The body.</param>
    /// <param name="time">When it was signed.</param>
    /// <param name="secret">With what, if not with the local key.</param>
    /// <param name="headers">More headers, which are signed.</param>
    public string Signed(string operation, string body, TimeProvider? time = null, string? secret = null, params (string Name, string Value)[] headers)
    {
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Host"] = Proxy.Address.Authority,
            ["Content-Type"] = "application/x-amz-json-1.1",
            ["X-Amz-Target"] = $"TrentService.{operation}",
        };
        foreach ((string name, string value) in headers)
        {
            all[name] = value;
        }

        IReadOnlyList<KeyValuePair<string, string>> signature = SigV4Signer.Sign(
            new SigV4Request("POST", "/", [.. all], Encoding.UTF8.GetBytes(body)),
            new ClientCredentials(Proxy.Key.Id, secret ?? Proxy.Key.SecretText(), null), Region, "kms", (time ?? TimeProvider.System).GetUtcNow());
        var text = new StringBuilder("POST / HTTP/1.1\r\n");
        foreach ((string name, string value) in all.Concat(signature))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}").ToString();
    }

    /// <summary>A connection of an application.</summary>
    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Proxy.Address.Host, Proxy.Address.Port);
        return socket;
    }

    /// <summary>Sends bytes as they are and reads until the proxy closes.</summary>
    public async Task<string> SendAsync(string text, bool closes = false)
    {
        using Socket socket = await ConnectAsync();
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(closes ? text : text.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal)));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(EnclavePeer.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        _owned.ForEach(owned => owned.Dispose());
        await Proxy.DisposeAsync();
        Credentials.Dispose();
        await _kms.DisposeAsync();
        await Simulator.DisposeAsync();
    }
}
