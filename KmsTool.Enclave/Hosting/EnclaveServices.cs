using System.Net.Sockets;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Enclave.Startup;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>What applications of an enclave have at their service: the KMS proxy, egress, and the daemon beside them.</summary>
internal sealed class EnclaveServices : IAsyncDisposable
{
    // In the order of their making; they end the other way round.
    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly CredentialStore _credentials;
    private ClockCheck? _clock;

    private EnclaveServices(TimeProvider time) => _credentials = new CredentialStore(time);

    public KmsProxyServer? KmsProxy { get; private set; }

    public EgressServer? Egress { get; private set; }

    public EnclaveServer? Daemon { get; private set; }

    /// <param name="options">What is to be started.</param>
    /// <param name="readEnvironment">Reads the credentials of <see cref="CredentialOrigin.Environment"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostingException">A part cannot be started.</exception>
    /// <exception cref="StartupException">A setting refuses what was found of the enclave.</exception>
    public static async Task<EnclaveServices> StartAsync(
        ServicesSettings options, Func<KmsCredentials> readEnvironment, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var services = new EnclaveServices(time);
        try
        {
            await services.OpenAsync(options, readEnvironment, time, logger, cancellationToken);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves until <paramref name="stopping"/> is cancelled.</summary>
    /// <exception cref="StartupException">The clock has become wrong, which is refused.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        if (Daemon is not null)
        {
            await Daemon.RunAsync(stopping);
        }
        else
        {
            await _clock!.GuardAsync(UntilAsync, stopping);
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out IAsyncDisposable? part))
        {
            await part.DisposeAsync();
        }

        _credentials.Dispose();
    }

    private static async Task UntilAsync(CancellationToken stopping) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task OpenAsync(
        ServicesSettings options, Func<KmsCredentials> readEnvironment, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        AttestedKms kms = Own(await AttestedKms.OpenAsync(
            options.Kms, time, logger, cancellationToken));
        _clock = new ClockCheck(kms.Nsm, options.Kms.Startup, time, logger);
        if (options.KmsProxy is { } proxy)
        {
            OpenCredentials(options, readEnvironment, time, logger);
            KmsProxy = Own(await TryAsync(
                () => KmsProxyServer.StartAsync(proxy, kms.Client, _credentials, time, logger, cancellationToken), $"{proxy.Address}:{proxy.Port}", HostingFailure.KmsProxyPort));
            if (!System.Net.IPAddress.IsLoopback(proxy.Address))
            {
                Log.ProxyExposed(logger, KmsProxy.Address.Authority);
            }

            Log.ProxyListening(logger, KmsProxy.Address.ToString(), string.Join(", ", proxy.Regions.Endpoints.Keys), options.Kms.Parent.ToString());
        }

        if (options.Egress is { } egress)
        {
            Egress = Own(await TryAsync(
                () => Task.FromResult(EgressServer.Start(egress, time, logger)), $"127.0.0.1:{egress.Port}", HostingFailure.EgressPort));
            Log.EgressListening(logger, Egress.Address.ToString(), egress.Parent.ToString());
            if (egress.Rules.AllowsInstanceMetadata)
            {
                Log.EgressAllowsMetadata(logger);
            }
        }

        if (options.Daemon is { } address)
        {
            Daemon = Own(EnclaveServer.Start(
                kms, options.ForDaemon(address), options.Credentials == CredentialOrigin.Push ? _credentials : null, time, logger));
        }
    }

    private void OpenCredentials(ServicesSettings options, Func<KmsCredentials> readEnvironment, TimeProvider time, ILogger logger)
    {
        switch (options.Credentials)
        {
            case CredentialOrigin.Environment:
                _credentials.Put(new TimedCredentials(readEnvironment(), Expiration: null));
                break;
            case CredentialOrigin.Imds:
                var source = new InstanceMetadataSource(options.InstanceMetadata, options.Parent, time);
                Own(source);
                Own(new CredentialRefresher(source, _credentials, time, logger));
                break;
        }
    }

    private T Own<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }

    private static async Task<T> TryAsync<T>(Func<Task<T>> start, string address, HostingFailure failure)
    {
        try
        {
            return await start();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new HostingException(failure, $"Could not listen on {address}: {e.Message}", e);
        }
    }
}
