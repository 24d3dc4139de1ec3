using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Networking.Http;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Egress;

/// <summary>A connection of an application: one request, which leads to one destination until either side ends it.</summary>
internal sealed class EgressConnection(Socket application, EgressSettings options, TimeProvider time, ILogger logger)
{
    private static readonly RelayOptions Bounds = new();

    private readonly ConnectServer _server = new(forwards: true, options.RequestTimeout, time);
    private volatile Relay? _tunnel;

    /// <summary>How long nothing has passed through its tunnel; zero where it has none.</summary>
    public TimeSpan IdleTime => _tunnel?.IdleTime ?? TimeSpan.Zero;

    /// <summary>Ends it before it has a request: by a reset, which leaves no port waiting.</summary>
    public void End() => application.Close(0);

    /// <summary>Ends its tunnel.</summary>
    public void EndTunnel() => _tunnel?.EndIdle();

    /// <param name="place">Its place among the connections.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task RunAsync(ConnectionLimiter.Place place, CancellationToken cancellationToken)
    {
        try
        {
            ConnectRead read = await _server.ReadAsync(application, cancellationToken);
            if (read.Request is not null)
            {
                await LeadAsync(read.Request, read.Rest, place, cancellationToken);
            }
            else if (read.Refusal is { } refusal)
            {
                await RefuseAsync("nothing", refusal, cancellationToken);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The application has gone, or has given way.
        }
    }

    private async Task LeadAsync(ProxyRequest request, ReadOnlyMemory<byte> rest, ConnectionLimiter.Place place, CancellationToken cancellationToken)
    {
        string name = $"{request.Host}:{request.Port}";
        if (!options.Rules.Allows(request.Host))
        {
            await RefuseAsync(name, HttpAnswer.Refusal("403 Forbidden", $"{request.Host} is not among what egress allows"), cancellationToken);
            return;
        }

        if (!place.TryBeginRequest())
        {
            return;
        }

        Socket destination;
        using (var deadline = new Deadline(options.ConnectTimeout, time, cancellationToken))
        {
            try
            {
                destination = await options.Parent.ConnectAsync(request.Host, request.Port, deadline.Token);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                await RefuseAsync(name, HttpAnswer.Refusal("502 Bad Gateway", $"{name} cannot be reached: {e.Message}"), cancellationToken);
                return;
            }
            catch (OperationCanceledException e) when (deadline.IsOver(e))
            {
                await RefuseAsync(name, HttpAnswer.Refusal("504 Gateway Timeout", $"{name} did not answer within {options.ConnectTimeout.TotalSeconds} s"), cancellationToken);
                return;
            }
        }

        using (destination)
        {
            // A plain request goes on in the form that servers know; CONNECT is answered here.
            ReadOnlyMemory<byte> early = rest;
            if (request.ForwardedHead is { } head)
            {
                early = (byte[])[.. head, .. rest.Span];
            }
            else if (!await _server.TryEstablishAsync(application, cancellationToken))
            {
                return;
            }

            _tunnel = new Relay(application, destination, Bounds, time);
            RelayResult result = await _tunnel.RunAsync(early, cancellationToken);
            _tunnel = null;
            Log.EgressEnded(logger, name, result.BytesUp, result.BytesDown, result.End.ToString());
        }
    }

    private async Task RefuseAsync(string destination, HttpAnswer answer, CancellationToken cancellationToken)
    {
        Log.EgressRefused(logger, destination, answer.Body.TrimEnd('\n'));
        await _server.RefuseAsync(application, answer, cancellationToken);
    }
}
