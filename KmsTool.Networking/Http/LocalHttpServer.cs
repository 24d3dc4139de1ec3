using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using KmsTool.Protocol.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KmsTool.Networking.Http;

/// <summary>A Kestrel server that hands every request to one delegate; its buffers are cleared when they go back.</summary>
internal sealed class LocalHttpServer : IAsyncDisposable
{
    /// <summary>Longest body of a request, in bytes; none of KMS's is longer.</summary>
    public const int MaxBodyLength = 1024 * 1024;

    private const int MaxHeadLength = 32 * 1024;
    private const double MinBytesPerSecond = 240;

    // Connections wait there while all places are taken, as many as the kernel allows (net.core.somaxconn). One that finds the
    // queue full tries again after a second only.
    private const int Backlog = 4096;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private LocalHttpServer(WebApplication application, Uri address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>Where it listens, with the port that was chosen if 0 was asked for.</summary>
    public Uri Address { get; }

    /// <param name="options">Where and how it listens.</param>
    /// <param name="handler">Answers every request.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<LocalHttpServer> StartAsync(LocalHttpOptions options, RequestDelegate handler, CancellationToken cancellationToken)
    {
        // The empty builder reads no configuration file and no environment variable of the machine it runs on.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoSignalsLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyLength;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadLength;
            kestrel.Limits.KeepAliveTimeout = options.IdleTimeout;
            kestrel.Limits.RequestHeadersTimeout = options.HeadTimeout;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(MinBytesPerSecond, options.BodyPatience);
            kestrel.Listen(options.Address, options.Port, listen => Configure(listen, options));
        });
        // After UseKestrelCore, which registers a factory of its own: the last one counts.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ClearingPoolFactory>();
        builder.Services.Configure<SocketTransportOptions>(static sockets => sockets.Backlog = Backlog);
        builder.Services.AddSingleton<SocketTransportFactory>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(services =>
            new LimitedTransport(services.GetRequiredService<SocketTransportFactory>(), new ConnectionLimiter(options.MaxConnections, TimeProvider.System)));

        WebApplication application = builder.Build();
        application.Run(context => HandleAsync(context, handler));
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        return new LocalHttpServer(application, AddressOf(application));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static void Configure(ListenOptions listen, LocalHttpOptions options)
    {
        // As AWS's endpoints do; HTTP/2 would hide what clients really send there.
        listen.Protocols = HttpProtocols.Http1;
        if (options.Tls is { } tls)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls()) });
        }
    }

    private static async Task HandleAsync(HttpContext context, RequestDelegate handler)
    {
        ConnectionLimiter.Place place = context.Features.GetRequiredFeature<ConnectionLimiter.Place>();
        if (!place.TryBeginRequest())
        {
            return;
        }

        try
        {
            await handler(context);
        }
        finally
        {
            place.EndRequest();
        }
    }

    private static Uri AddressOf(WebApplication application)
    {
        IServer server = application.Services.GetRequiredService<IServer>();
        return new Uri(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
    }

    /// <summary>Signals belong to the program, not to a server in it.</summary>
    private sealed class NoSignalsLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Hands a connection to the server when it has a place; those after it wait in the kernel's queue.</summary>
    private sealed class LimitedTransport(SocketTransportFactory sockets, ConnectionLimiter limiter) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new LimitedListener(await sockets.BindAsync(endpoint, cancellationToken), limiter);
    }

    private sealed class LimitedListener(IConnectionListener listener, ConnectionLimiter limiter) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (await listener.AcceptAsync(cancellationToken) is not { } connection)
            {
                return null;
            }

            try
            {
                Socket socket = connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
                ConnectionLimiter.Place place = await limiter.TakeAsync(socket, connection.Abort, ifAllBusy: null, _unbound.Token);
                connection.Features.Set(place);
                connection.ConnectionClosed.UnsafeRegister(static place => ((ConnectionLimiter.Place)place!).Dispose(), place);
                return connection;
            }
            catch (OperationCanceledException)
            {
                await connection.DisposeAsync();
                return null;
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await listener.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await listener.DisposeAsync();
            _unbound.Dispose();
        }
    }

    private sealed class ClearingPoolFactory : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options) => ClearingMemoryPool.Instance;
    }
}

/// <summary>Where and how a <see cref="LocalHttpServer"/> listens.</summary>
internal sealed record LocalHttpOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, or 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>Gives the TLS options of each connection; <see langword="null"/> for plain HTTP.</summary>
    public Func<SslServerAuthenticationOptions>? Tls { get; init; }

    /// <summary>
    /// Connections open at once. The one that has been without a request for the longest time gives way to a further one, which
    /// waits when every connection has a request.
    /// </summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>How long a connection may be silent before its first request and between requests.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the head of a request may take.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a body may come slower than 240 bytes a second.</summary>
    public TimeSpan BodyPatience { get; init; } = TimeSpan.FromSeconds(5);
}
