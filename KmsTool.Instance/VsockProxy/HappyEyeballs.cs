using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Connects to whichever of several addresses answers first (RFC 8305, "Happy Eyeballs"): the families take turns, and each
/// attempt has a head start before the next address is tried beside it.
/// </summary>
internal static class HappyEyeballs
{
    // "Connection Attempt Delay", RFC 8305 section 5.
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Connects; attempts that lose are broken off.</summary>
    /// <exception cref="DestinationException">None of the addresses could be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async Task<Socket> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, ushort port, TimeProvider time, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var untried = new Queue<IPAddress>(Interleave(addresses));
        var attempts = new List<Task<Socket>>();
        var failures = new List<string>();
        try
        {
            while (true)
            {
                if (untried.TryDequeue(out IPAddress? address))
                    attempts.Add(ConnectAsync(address, port, stop.Token));
                else if (attempts.Count == 0)
                    throw new DestinationException(string.Join("; ", failures));

                Task<Socket>? ended = await AnyEndedAsync(attempts, untried.Count > 0 ? AttemptDelay : Timeout.InfiniteTimeSpan, time, stop.Token);
                if (ended is null)
                    continue;

                attempts.Remove(ended);
                try
                {
                    return await ended;
                }
                catch (DestinationException e)
                {
                    failures.Add(e.Message);
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (Task<Socket> attempt in attempts)
                await AbandonAsync(attempt);
        }
    }

    /// <summary>The addresses in turns of their families, the first one's first (RFC 8305 section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses) => addresses
        .GroupBy(address => address.AddressFamily)
        .SelectMany(family => family.Select((address, turn) => (address, turn)))
        .OrderBy(entry => entry.turn)
        .Select(entry => entry.address);

    private static async Task<Socket> ConnectAsync(IPAddress address, ushort port, CancellationToken cancellationToken)
    {
        try
        {
            return await StreamConnector.ConnectAsync(new StreamAddress.Tcp(address.ToString(), port), null, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new DestinationException($"{address}: {e.Message}", e);
        }
    }

    /// <summary>Waits for an attempt to end, or for the head start to be over: then <see langword="null"/>.</summary>
    private static async Task<Task<Socket>?> AnyEndedAsync(
        List<Task<Socket>> attempts, TimeSpan headStart, TimeProvider time, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task over = Task.Delay(headStart, time, either.Token);
        Task first = await Task.WhenAny([.. attempts, over]);
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return first as Task<Socket>;
    }

    private static async Task AbandonAsync(Task<Socket> attempt)
    {
        await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (attempt.IsCompletedSuccessfully)
            (await attempt).Dispose();
    }
}
