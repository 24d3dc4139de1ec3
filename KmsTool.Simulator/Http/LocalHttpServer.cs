using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KmsTool.Simulator.Http;

/// <summary>A Kestrel server on 127.0.0.1 that hands every request to one delegate.</summary>
internal sealed class LocalHttpServer : IAsyncDisposable
{
    /// <summary>No request of AWS's APIs that the simulator plays is larger.</summary>
    public const int MaxBodyLength = 1024 * 1024;

    private const int MaxConnections = 20_000;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private LocalHttpServer(WebApplication application, Uri address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>Where it listens, with the port that was chosen if 0 was asked for.</summary>
    public Uri Address { get; }

    /// <param name="port">The port, or 0 for any.</param>
    /// <param name="tls">Gives the TLS options of each connection; null for plain HTTP.</param>
    /// <param name="handler">Answers every request.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<LocalHttpServer> StartAsync(
        int port, Func<SslServerAuthenticationOptions>? tls, RequestDelegate handler, CancellationToken cancellationToken)
    {
        // The empty builder reads no configuration file and no environment variable of the machine it runs on.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoSignalsLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = MaxBodyLength;
            options.Limits.MaxConcurrentConnections = MaxConnections;
            options.Listen(IPAddress.Loopback, port, listen => Configure(listen, tls));
        });

        WebApplication application = builder.Build();
        application.Run(handler);
        await application.StartAsync(cancellationToken);
        return new LocalHttpServer(application, AddressOf(application));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static void Configure(ListenOptions listen, Func<SslServerAuthenticationOptions>? tls)
    {
        // As AWS's endpoints do; HTTP/2 would hide what clients really send there.
        listen.Protocols = HttpProtocols.Http1;
        if (tls is not null)
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
}
