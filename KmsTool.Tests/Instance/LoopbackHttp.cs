using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Instance;

/// <summary>An HTTP server on a free port of 127.0.0.1, answering as the test says.</summary>
internal sealed class LoopbackHttp : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackHttp(WebApplication application) => _application = application;

    public string Url => _application.Services.GetRequiredService<IServer>()
        .Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<LoopbackHttp> StartAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return new LoopbackHttp(application);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
