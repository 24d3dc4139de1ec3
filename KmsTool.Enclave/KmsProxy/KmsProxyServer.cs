using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Networking.Http;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>The KMS proxy: HTTP on loopback for applications, KMS under attestation behind it.</summary>
internal sealed class KmsProxyServer : IAsyncDisposable
{
    private readonly LocalHttpServer _http;

    private KmsProxyServer(LocalHttpServer http, LocalAccessKey key) => (_http, Key) = (http, key);

    /// <summary>Where it listens, with the port that was chosen if 0 was asked for.</summary>
    public Uri Address => _http.Address;

    /// <summary>What applications sign with.</summary>
    public LocalAccessKey Key { get; }

    /// <exception cref="IOException">The port is in use, or the address is not this machine's.</exception>
    public static async Task<KmsProxyServer> StartAsync(
        KmsProxySettings options, AttestedKmsClient kms, CredentialStore credentials, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var key = LocalAccessKey.Generate();
        var handler = new KmsProxyHandler(kms, credentials, key, options, time, logger);
        try
        {
            LocalHttpServer http = await LocalHttpServer.StartAsync(
                new LocalHttpOptions
                {
                    Address = options.Address,
                    Port = options.Port,
                    MaxConnections = options.MaxConnections,
                    IdleTimeout = options.IdleTimeout,
                    HeadTimeout = options.HeadTimeout,
                    BodyPatience = options.BodyPatience,
                },
                handler.HandleAsync, cancellationToken);
            return new KmsProxyServer(http, key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _http.DisposeAsync();
        Key.Dispose();
    }
}
