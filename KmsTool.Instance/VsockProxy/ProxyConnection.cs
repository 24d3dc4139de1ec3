using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>An accepted connection, from its begin to the one line that the log has of it.</summary>
internal sealed class ProxyConnection(
    long number, Socket accepted, ListenerMetrics metrics, RelayOptions relay, TimeProvider time, ILogger logger)
{
    private readonly long _began = time.GetTimestamp();

    /// <summary>The peer, for logs and limits.</summary>
    public string PeerName { get; } = NameOf(accepted.RemoteEndPoint);

    /// <summary>Names a peer: an enclave by its CID, a TCP client by its IP address. Clients of a Unix socket cannot be told apart.</summary>
    public static string NameOf(EndPoint? endPoint) => endPoint switch
    {
        VsockEndPoint { Cid: var cid } => string.Create(CultureInfo.InvariantCulture, $"CID {cid}"),
        IPEndPoint { Address: var address } => address.ToString(),
        _ => "unix",
    };

    /// <summary>Takes the peer to where the route leads, until one side ends it. Whatever happens concerns this connection alone.</summary>
    public async Task RunAsync(IRoute route, CancellationToken draining, CancellationToken aborting)
    {
        try
        {
            RouteResult opened = await route.OpenAsync(accepted, draining, aborting);
            if (opened.Socket is null)
            {
                Refuse(opened.Destination, opened.End, opened.Reason ?? "");
                return;
            }

            metrics.ConnectTimes.Record(Elapsed);
            RelayResult result = await new Relay(accepted, opened.Socket, relay, time).RunAsync(opened.Early, aborting);
            End(opened.Destination, Translate(result.End), result);
        }
        catch (OperationCanceledException) when (aborting.IsCancellationRequested)
        {
            Refuse(route.Name, ConnectionEnd.Stopped, "the proxy ended");
        }
        catch (Exception e)
        {
            metrics.CountEnded(ConnectionEnd.Fault, Elapsed);
            Log.ConnectionFault(logger, number, PeerName, e.ToString());
        }
        finally
        {
            accepted.Dispose();
        }
    }

    /// <summary>Ends it without a relay.</summary>
    public void Refuse(string destination, ConnectionEnd end, string reason)
    {
        accepted.Dispose();
        metrics.CountEnded(end, Elapsed);
        // Who looks whether anybody listens is no cause for a warning.
        if (end == ConnectionEnd.Closed)
        {
            Log.ConnectionEnded(logger, number, PeerName, destination, 0, 0, Elapsed.TotalSeconds, end, reason);
        }
        else
        {
            Log.ConnectionRefused(logger, number, PeerName, destination, Elapsed.TotalSeconds, end, reason);
        }
    }

    private TimeSpan Elapsed => time.GetElapsedTime(_began);

    private void End(string destination, ConnectionEnd end, RelayResult result)
    {
        metrics.CountEnded(end, Elapsed);
        Log.ConnectionEnded(
            logger, number, PeerName, destination, result.BytesUp, result.BytesDown, Elapsed.TotalSeconds, end, result.Reason ?? "both sides closed");
    }

    private static ConnectionEnd Translate(RelayEnd end) => end switch
    {
        RelayEnd.Closed => ConnectionEnd.Closed,
        RelayEnd.Idle => ConnectionEnd.Idle,
        RelayEnd.Stalled => ConnectionEnd.Stalled,
        RelayEnd.Stopped => ConnectionEnd.Stopped,
        _ => ConnectionEnd.Broken,
    };
}
