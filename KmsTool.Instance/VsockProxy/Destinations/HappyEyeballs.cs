using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Connects to whichever of several addresses answers first (RFC 8305, "Happy Eyeballs"): the families take turns, and each
/// attempt has a head start before the next address is tried beside it.
/// </summary>
internal sealed class HappyEyeballs(TimeProvider time) : IDisposable
{
    /// <summary>
    /// Attempts of all connections together that run beside another of the same connection: each takes a descriptor that
    /// nobody has counted in.
    /// </summary>
    public const int MaxAttemptsBeside = 16;

    // "Connection Attempt Delay", RFC 8305 section 5.
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _beside = new(MaxAttemptsBeside, MaxAttemptsBeside);

    /// <summary>Connects; attempts that lose are broken off.</summary>
    /// <exception cref="DestinationException">None of the addresses could be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, ushort port, CancellationToken cancellationToken) =>
        addresses.Count == 1 ? ConnectAsync(addresses[0], port, cancellationToken) : RaceAsync(addresses, port, cancellationToken);

    public void Dispose() => _beside.Dispose();

    /// <summary>The addresses in turns of their families, the first one's first (RFC 8305 section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses) => addresses
        .GroupBy(address => address.AddressFamily)
        .SelectMany(family => family.Select((address, turn) => (address, turn)))
        .OrderBy(entry => entry.turn)
        .Select(entry => entry.address);

    private async Task<Socket> RaceAsync(IReadOnlyList<IPAddress> addresses, ushort port, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var untried = new Queue<IPAddress>(Interleave(addresses));
        var attempts = new List<Task<Socket>>();
        var failures = new List<string>();
        int beside = 0;
        try
        {
            while (true)
            {
                if (untried.Count > 0 && (attempts.Count == 0 || _beside.Wait(0, CancellationToken.None)))
                {
                    beside += attempts.Count > 0 ? 1 : 0;
                    attempts.Add(ConnectAsync(untried.Dequeue(), port, stop.Token));
                }

                Task<Socket>? ended = await AnyEndedAsync(attempts, untried.Count > 0 ? AttemptDelay : Timeout.InfiniteTimeSpan, stop.Token);
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

                if (attempts.Count == 0 && untried.Count == 0)
                    throw new DestinationException(DestinationFailure.Unreachable, string.Join("; ", failures));
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (Task<Socket> attempt in attempts)
                await AbandonAsync(attempt);

            if (beside > 0)
                _beside.Release(beside);
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress address, ushort port, CancellationToken cancellationToken)
    {
        try
        {
            return await StreamConnector.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
        }
        catch (SocketException e)
        {
            throw new DestinationException(DestinationFailure.Unreachable, $"{address}: {e.Message}", e);
        }
    }

    /// <summary>Waits for an attempt to end, or for the head start to be over: then <see langword="null"/>.</summary>
    private async Task<Task<Socket>?> AnyEndedAsync(List<Task<Socket>> attempts, TimeSpan headStart, CancellationToken cancellationToken)
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
