using System.Net.Sockets;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>Everything that <c>serve</c> consists of, put together from its options.</summary>
internal sealed class EnclaveServer : IAsyncDisposable
{
    private readonly StreamListener _listener;
    private readonly DescribeAndAttestHandler _describeAndAttest;
    private readonly EnclaveDaemon _daemon;
    private readonly ClockCheck _clock;

    private EnclaveServer(
        AttestedKms kms, StreamListener listener, ServeSettings options, CredentialStore? credentials, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        DaemonLimits limits = WithinDescriptors(options.Limits, logger);
        var counters = new DaemonCounters();
        var clients = new KmsClientFactory(kms.Client, new KmsReplies(options.Disclosure), options.Kms.Pins, options.Kms.Region, options.Kms.Endpoints);
        _describeAndAttest = new DescribeAndAttestHandler(kms.Nsm, options.Kms.Pins, Describe(options), limits, counters, time);
        _daemon = new EnclaveDaemon(listener, new CommandHandlers(clients, new CredentialInbox(credentials), _describeAndAttest), limits, counters, time, logger);
        _clock = new ClockCheck(kms.Nsm, options.Kms.Startup, time, logger);
    }

    /// <summary>Where it listens.</summary>
    public StreamAddress LocalAddress => _listener.LocalAddress;

    /// <summary>Listens.</summary>
    /// <param name="kms">The way to KMS, which stays the caller's.</param>
    /// <param name="options">What it was told.</param>
    /// <param name="credentials">Takes credentials that the instance sends; <see langword="null"/> refuses them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="HostingException">It cannot listen.</exception>
    public static EnclaveServer Start(AttestedKms kms, ServeSettings options, CredentialStore? credentials, TimeProvider time, ILogger logger)
    {
        var server = new EnclaveServer(kms, Bind(options.Listen, options.Kms.Sockets), options, credentials, time, logger);
        Log.Listening(logger, server.LocalAddress.ToString(), options.Kms.Parent.ToString(),
            options.Kms.Region ?? "of the instance's choice", options.Kms.Endpoints.Pinned?.Host ?? "of the region");
        return server;
    }

    /// <summary>Serves until <paramref name="stopping"/> is cancelled and connections are drained.</summary>
    /// <exception cref="StartupException">The clock has become wrong, which is refused.</exception>
    public Task RunAsync(CancellationToken stopping) => _clock.GuardAsync(_daemon.RunAsync, stopping);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _describeAndAttest.Dispose();
    }

    // At the limit accepting fails, and so does dialling KMS: one peer could keep all others out.
    private static DaemonLimits WithinDescriptors(DaemonLimits limits, ILogger logger)
    {
        int connections = DescriptorLimit.ConnectionsWithin(limits.MaxConnections, each: 1, others: KmsChannel.MaxConnections);
        if (connections == limits.MaxConnections)
        {
            return limits;
        }

        Log.FewDescriptors(logger, connections, limits.MaxConnections);
        return limits with { MaxConnections = connections };
    }

    private static EnclavePins Describe(ServeSettings options) => new()
    {
        Region = options.Kms.Region,
        KmsEndpoint = options.Kms.Endpoints.Pinned is var (host, port) ? (port == 443 ? host : $"{host}:{port}") : null,
        AllowKey = options.Kms.Pins.AllowedKeys.Count > 0 ? [.. options.Kms.Pins.AllowedKeys.Select(key => key.Arn)] : null,
        RequireEncryptionContext = options.Kms.Pins.RequiredContext.Count > 0 ? [.. options.Kms.Pins.RequiredContext.Select(pair => pair.ToString())] : null,
        Operations = options.Kms.Pins.Operations,
        Fips = options.Kms.Endpoints.Fips,
        CaBundle = options.Kms.CaBundle,
        RefuseDebugMode = options.Kms.Startup.RefuseDebugMode,
        RefuseClockSkew = options.Kms.Startup.RefuseClockSkew,
        RefuseOtherRandomSource = options.Kms.Startup.RefuseOtherRandomSource,
        Reply = options.Disclosure.ToString().ToLowerInvariant(),
    };

    private static StreamListener Bind(StreamAddress address, StreamSocketOptions sockets)
    {
        try
        {
            return StreamListener.Bind(address, sockets);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new HostingException(HostingFailure.DaemonAddress, $"Could not listen on {address}: {e.Message}", e);
        }
    }
}
