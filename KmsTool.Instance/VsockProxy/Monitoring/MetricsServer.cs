using System.Net.Sockets;
using KmsTool.Networking.Http;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Monitoring;

/// <summary>Answers <c>GET /metrics</c>, one connection at a time: whoever asks slowly keeps other askers waiting, and nobody else.</summary>
internal sealed class MetricsServer(StreamListener listener, ProxyMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await ServeOneAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await listener.DisposeAsync();
        }
    }

    private async Task ServeOneAsync(CancellationToken cancellationToken)
    {
        try
        {
            using Socket accepted = await listener.AcceptAsync(cancellationToken);
            HeadRead read = await RequestHeadReader.ReadAsync(accepted, RequestTimeout, time, cancellationToken);
            if ((read.Refusal ?? Answer(read.Head)) is { } answer)
            {
                await answer.SendAsync(accepted, time, cancellationToken);
            }
        }
        catch (SocketException e)
        {
            // Whoever asked has gone, or nobody can be accepted; the pause keeps the second from taking all of the CPU.
            Log.MetricsFailed(logger, e.Message);
            await Task.Delay(PauseAfterFailure, time, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Whoever asked does not take the answer.
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
