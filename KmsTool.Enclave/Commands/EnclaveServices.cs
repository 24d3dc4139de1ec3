using System.Net.Sockets;
using KmsTool.CommandLine;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

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

    /// <exception cref="CommandFailedException">Something cannot start.</exception>
    public static async Task<EnclaveServices> StartAsync(
        ServicesOptions options, Func<string, string?> environment, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var services = new EnclaveServices(time);
        try
        {
            await services.OpenAsync(options, environment, time, logger, cancellationToken);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves until <paramref name="stopping"/> is cancelled.</summary>
    /// <exception cref="CommandFailedException">The clock has become wrong, which is refused.</exception>
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
        ServicesOptions options, Func<string, string?> environment, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        AttestedKms kms = Own(await AttestedKms.OpenAsync(
            options.Kms, options.Pins, options.Recipient, options.Startup, time, logger, cancellationToken));
        _clock = new ClockCheck(kms.Nsm, options.Startup, time, logger);
        if (options.KmsProxy is { } proxy)
        {
            OpenCredentials(options, environment, time, logger);
            KmsProxy = Own(await TryAsync(
                () => KmsProxyServer.StartAsync(proxy, kms.Client, _credentials, time, logger, cancellationToken), $"{proxy.Address}:{proxy.Port}", "--kms-proxy-port (of kms-proxy: --listen-port)"));
            if (!System.Net.IPAddress.IsLoopback(proxy.Address))
            {
                Log.ProxyExposed(logger, KmsProxy.Address.Authority);
            }

            Log.ProxyListening(logger, KmsProxy.Address.ToString(), string.Join(", ", proxy.Regions.Endpoints.Keys), options.Kms.Parent.ToString());
        }

        if (options.Egress is { } egress)
        {
            Egress = Own(await TryAsync(
                () => Task.FromResult(EgressServer.Start(egress, time, logger)), $"127.0.0.1:{egress.Port}", "--egress-port"));
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
            Log.Listening(logger, Daemon.LocalAddress.ToString(), options.Kms.Parent.ToString(),
                options.Kms.Region ?? "of the instance's choice", options.Kms.Endpoints.Pinned?.Host ?? "of the region");
        }
    }

    private void OpenCredentials(ServicesOptions options, Func<string, string?> environment, TimeProvider time, ILogger logger)
    {
        switch (options.Credentials)
        {
            case CredentialOrigin.Environment:
                _credentials.Put(new TimedCredentials(CredentialOptions.ReadEnvironment(environment, "choose --credentials imds or push"), Expiration: null));
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

    private static async Task<T> TryAsync<T>(Func<Task<T>> start, string address, string option)
    {
        try
        {
            return await start();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new CommandFailedException(ExitCode.CouldNotConnect, $"Could not listen on {address}: {TerminalText.EndSentence(e.Message)} Choose another port with {option}.", e);
        }
    }
}
