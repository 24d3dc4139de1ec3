using System.Net;
using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Connects to the first of several addresses that answers (RFC 8305, "Happy Eyeballs"): the families take turns, and each
/// attempt has a head start before the next address is tried in parallel.
/// </summary>
internal sealed class HappyEyeballs(TimeProvider time, KeyedConcurrencyLimiter? limiter = null)
{
    /// <summary>
    /// Attempts of all connections together that run in parallel with another of the same connection: each takes a descriptor
    /// beyond those of the connection.
    /// </summary>
    public const int MaxAttemptsBeside = 64;

    /// <summary>Those of one requester.</summary>
    public const int MaxAttemptsBesideOfOne = 16;

    // "Connection Attempt Delay", RFC 8305 section 5.
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    // Head starts after which a connection that has no room for another gives up its oldest attempt: by then, after a second, the
    // system would send the request again.
    private const int HeadStartsWithoutRoom = 4;

    private readonly KeyedConcurrencyLimiter _beside = limiter ?? new KeyedConcurrencyLimiter(MaxAttemptsBesideOfOne, MaxAttemptsBeside);

    /// <summary>Connects; attempts that lose are broken off.</summary>
    /// <param name="addresses">Any of which will do.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="requester">In whose share of the parallel attempts it falls.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DestinationException">None of the addresses could be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, ushort port, string requester, CancellationToken cancellationToken) =>
        addresses.Count == 1 ? ConnectAttempt.ConnectAsync(addresses[0], port, cancellationToken) : RaceAsync(addresses, port, requester, cancellationToken);

    /// <summary>The addresses in turns of their families, the first one's first (RFC 8305 section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses) => addresses
        .GroupBy(address => address.AddressFamily)
        .SelectMany(family => family.Select((address, turn) => (address, turn)))
        .OrderBy(entry => entry.turn)
        .Select(entry => entry.address);

    private async Task<Socket> RaceAsync(IReadOnlyList<IPAddress> addresses, ushort port, string requester, CancellationToken cancellationToken)
    {
        var untried = new Queue<IPAddress>(Interleave(addresses));
        var attempts = new List<ConnectAttempt>();
        var failures = new List<string>();
        int beside = 0;
        int headStarts = 0;
        try
        {
            while (true)
            {
                if (untried.Count > 0 && await TryFindRoomAsync())
                {
                    attempts.Add(new ConnectAttempt(untried.Dequeue(), port, cancellationToken));
                    headStarts = 0;
                }

                Task<Socket>? ended = await WaitForAnyAsync(attempts, untried.Count > 0 ? AttemptDelay : Timeout.InfiniteTimeSpan, cancellationToken);
                headStarts++;
                if (ended is null)
                {
                    continue;
                }

                attempts.RemoveAll(attempt => attempt.Connecting == ended);
                try
                {
                    return await ended;
                }
                catch (DestinationException e)
                {
                    failures.Add(e.Message);
                }

                if (attempts.Count == 0 && untried.Count == 0)
                {
                    throw new DestinationException(DestinationFailure.Unreachable, string.Join("; ", failures));
                }
            }
        }
        finally
        {
            foreach (ConnectAttempt attempt in attempts)
            {
                await attempt.DisposeAsync();
            }

            if (beside > 0)
            {
                _beside.Release(requester, beside);
            }
        }

        async Task<bool> TryFindRoomAsync()
        {
            // The first attempt needs none, and a connection keeps its room when an attempt has failed.
            if (attempts.Count <= beside)
            {
                return true;
            }

            if (_beside.TryAcquire(requester))
            {
                beside++;
                return true;
            }

            // Others hold all the room, perhaps for names with many dead addresses. One dead address must not end this connection.
            if (headStarts < HeadStartsWithoutRoom || attempts[0].Connecting.IsCompleted)
            {
                return false;
            }

            ConnectAttempt oldest = attempts[0];
            attempts.RemoveAt(0);
            await oldest.DisposeAsync();
            failures.Add($"{oldest.Address}: no answer");
            return true;
        }
    }

    /// <summary>Waits for an attempt to end, or for the head start to be over: then <see langword="null"/>.</summary>
    private async Task<Task<Socket>?> WaitForAnyAsync(List<ConnectAttempt> attempts, TimeSpan headStart, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var over = Task.Delay(headStart, time, either.Token);
        Task first = await Task.WhenAny([.. attempts.Select(attempt => attempt.Connecting), over]);
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return first as Task<Socket>;
    }
}

/// <summary>One attempt of several to connect, which can be given up while the others go on.</summary>
internal sealed class ConnectAttempt : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;

    public ConnectAttempt(IPAddress address, ushort port, CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Address = address;
        Connecting = ConnectAsync(address, port, _stop.Token);
    }

    public IPAddress Address { get; }

    public Task<Socket> Connecting { get; }

    /// <exception cref="DestinationException">The address cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async Task<Socket> ConnectAsync(IPAddress address, ushort port, CancellationToken cancellationToken)
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

    /// <summary>Breaks it off, or closes what it has connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Connecting.IsCompletedSuccessfully)
        {
            (await Connecting).Dispose();
        }

        _stop.Dispose();
    }
}
