using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Cli;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Nsm;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>Everything that <c>serve</c> consists of, put together from its options.</summary>
internal sealed class EnclaveServer : IAsyncDisposable
{
    private readonly INsm _nsm;
    private readonly RecipientSource _recipients;
    private readonly KmsChannel _channel;
    private readonly StreamListener _listener;
    private readonly EnclaveDaemon _daemon;

    private EnclaveServer(INsm nsm, StreamListener listener, ServeOptions options, X509Certificate2Collection? trust, TimeProvider time, ILogger logger)
    {
        _nsm = nsm;
        _listener = listener;
        _recipients = new RecipientSource(nsm, options.Recipient, time, logger);
        _channel = new KmsChannel(options.Proxy, trust);
        var kms = new AttestedKmsClient(_channel, _recipients, time, logger);
        var clients = new KmsClientFactory(kms, options.Region, options.KmsEndpoint);
        _daemon = new EnclaveDaemon(listener, clients, options.Limits, time, logger);
    }

    /// <summary>Where it listens.</summary>
    public StreamAddress LocalAddress => _listener.LocalAddress;

    /// <summary>Finds the Nitro Secure Module and listens.</summary>
    /// <exception cref="CommandFailedException">It cannot start.</exception>
    public static async Task<EnclaveServer> StartAsync(
        ServeOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        X509Certificate2Collection? trust = options.CaBundle is { } path ? LoadTrust(path) : null;
        INsm nsm = OpenNsm(options.Nsm);
        try
        {
            await CheckNsmAsync(nsm, options.Nsm, logger, cancellationToken);
            return new EnclaveServer(nsm, Bind(options.Listen), options, trust, time, logger);
        }
        catch
        {
            await nsm.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves until <paramref name="stopping"/> is cancelled and connections are drained.</summary>
    public Task RunAsync(CancellationToken stopping) => _daemon.RunAsync(stopping);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _channel.Dispose();
        _recipients.Dispose();
        await _nsm.DisposeAsync();
    }

    private static INsm OpenNsm(string where)
    {
        if (StreamAddress.TryParse(where, out StreamAddress? address, out _))
            return new NsmSocket(address);

        try
        {
            return NsmDevice.Open(where);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoNsm(where, e);
        }
    }

    private static async Task CheckNsmAsync(INsm nsm, string where, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            NsmResponse response = await nsm.SendAsync(new NsmRequest.DescribeNsm(), cancellationToken);
            if (response is not NsmResponse.DescribeNsm found)
                throw new NsmException(NsmErrorCode.InvalidResponse, "it does not describe itself");

            Log.NsmFound(logger, $"{found.VersionMajor}.{found.VersionMinor}.{found.VersionPatch}", found.ModuleId);
        }
        catch (Exception e) when (e is IOException or NsmException)
        {
            throw NoNsm(where, e);
        }
    }

    private static CommandFailedException NoNsm(string where, Exception e) => new(ExitCode.CouldNotConnect,
        $"The Nitro Secure Module at {where} cannot be used: {e.Message.TrimEnd('.')}. Run this inside a Nitro enclave, or name a simulator's with --nsm unix:/path.", e);

    private static X509Certificate2Collection LoadTrust(string path)
    {
        var trust = new X509Certificate2Collection();
        try
        {
            trust.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw NoTrust(path, e.Message, e);
        }

        return trust.Count > 0 ? trust : throw NoTrust(path, "it holds no certificate", null);
    }

    private static CommandFailedException NoTrust(string path, string reason, Exception? cause) => new(ExitCode.WrongUsage,
        $"The CA bundle '{path}' cannot be used: {reason.TrimEnd('.')}. Name a PEM file with --ca-bundle or AWS_CA_BUNDLE.", cause);

    private static StreamListener Bind(StreamAddress address)
    {
        try
        {
            return StreamListener.Bind(address);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new CommandFailedException(ExitCode.CouldNotConnect,
                $"Could not listen on {address}: {e.Message.TrimEnd('.')}. Is another kmstool-enclave running there?", e);
        }
    }
}
