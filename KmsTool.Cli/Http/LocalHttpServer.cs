using System.Buffers;
using KmsTool.Protocol.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KmsTool.Cli.Http;

/// <summary>A Kestrel server that hands every request to one delegate; its buffers are cleared when they go back.</summary>
internal sealed class LocalHttpServer : IAsyncDisposable
{
    /// <summary>Longest body of a request, in bytes; none of KMS's is longer.</summary>
    public const int MaxBodyLength = 1024 * 1024;

    private const int MaxHeadLength = 32 * 1024;
    private const double MinBytesPerSecond = 240;

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
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = options.HeadTimeout;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(MinBytesPerSecond, options.BodyPatience);
            kestrel.Listen(options.Address, options.Port, listen => Configure(listen, options));
        });
        // After UseKestrelCore, which registers a factory of its own: the last one counts.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ClearingPoolFactory>();

        WebApplication application = builder.Build();
        application.Run(handler);
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
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls()) });
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

    private sealed class ClearingPoolFactory : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options) => ClearingMemoryPool.Instance;
    }
}
