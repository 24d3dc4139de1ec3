using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Networking.Http;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Monitoring;

/// <summary>Answers <c>GET /metrics</c>, one connection at a time: a slow client delays only other requests for metrics.</summary>
internal sealed class MetricsServer(StreamListener listener, ProxyMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Serves until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        new AcceptLoop(listener, time, e => Log.MetricsFailed(logger, e.Message))
            .RunAsync(accepted => ServeAsync(accepted, cancellationToken), cancellationToken);

    private async ValueTask ServeAsync(Socket accepted, CancellationToken cancellationToken)
    {
        using Socket owned = accepted;
        try
        {
            HeadRead read = await RequestHeadReader.ReadAsync(accepted, RequestTimeout, time, cancellationToken);
            if ((read.Refusal ?? Answer(read.Head)) is { } answer)
            {
                await answer.SendAsync(accepted, time, cancellationToken);
            }
        }
        catch (SocketException e)
        {
            Log.MetricsFailed(logger, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The client does not take the response.
        }
    }

    private HttpAnswer? Answer(RequestHead? request) => request switch
    {
        null => null,
        { Method: not "GET" } => HttpAnswer.Refusal("405 Method Not Allowed", "the only method here is GET"),
        { Target: "/metrics" } => new HttpAnswer("200 OK", PrometheusText.Write(metrics), PrometheusText.ContentType),
        _ => HttpAnswer.Refusal("404 Not Found", "there is nothing but /metrics"),
    };
}

/// <summary>What the server of metrics logs.</summary>
internal static partial class Log
{
    [LoggerMessage(35, LogLevel.Warning, "a request for metrics failed: {Reason}")]
    public static partial void MetricsFailed(ILogger logger, string reason);
}
