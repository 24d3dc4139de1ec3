using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Connects to whichever of several addresses answers first (RFC 8305, "Happy Eyeballs"): the families take turns, and each
/// attempt has a head start before the next address is tried beside it.
/// </summary>
internal sealed class HappyEyeballs(TimeProvider time, AttemptPlaces? places = null)
{
    /// <summary>
    /// Attempts of all connections together that run beside another of the same connection: each takes a descriptor that
    /// nobody has counted in.
    /// </summary>
    public const int MaxAttemptsBeside = 64;

    /// <summary>Those of one asker.</summary>
    public const int MaxAttemptsBesideOfOne = 16;

    // "Connection Attempt Delay", RFC 8305 section 5.
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    // Head starts after which a connection that has no further place gives up its oldest attempt: by then, after a second, the
    // system would send the request again.
    private const int HeadStartsWithoutPlace = 4;

    private readonly AttemptPlaces _beside = places ?? new AttemptPlaces(MaxAttemptsBeside, MaxAttemptsBesideOfOne);

    /// <summary>Connects; attempts that lose are broken off.</summary>
    /// <param name="addresses">Any of which will do.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="asker">In whose share of the places beside an attempt it falls.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DestinationException">None of the addresses could be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, ushort port, string asker, CancellationToken cancellationToken) =>
        addresses.Count == 1 ? ConnectAttempt.ConnectAsync(addresses[0], port, cancellationToken) : RaceAsync(addresses, port, asker, cancellationToken);

    /// <summary>The addresses in turns of their families, the first one's first (RFC 8305 section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses) => addresses
        .GroupBy(address => address.AddressFamily)
        .SelectMany(family => family.Select((address, turn) => (address, turn)))
        .OrderBy(entry => entry.turn)
        .Select(entry => entry.address);

    private async Task<Socket> RaceAsync(IReadOnlyList<IPAddress> addresses, ushort port, string asker, CancellationToken cancellationToken)
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
                if (untried.Count > 0 && await HasPlaceAsync())
                {
                    attempts.Add(new ConnectAttempt(untried.Dequeue(), port, cancellationToken));
                    headStarts = 0;
                }

                Task<Socket>? ended = await AnyEndedAsync(attempts, untried.Count > 0 ? AttemptDelay : Timeout.InfiniteTimeSpan, cancellationToken);
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
                _beside.Release(asker, beside);
            }
        }

        async Task<bool> HasPlaceAsync()
        {
            // The first needs none, and a connection's places stay its own when an attempt has failed.
            if (attempts.Count <= beside)
            {
                return true;
            }

            if (_beside.TryTake(asker))
            {
                beside++;
                return true;
            }

            // Others have all places, perhaps for names with many dead addresses: one dead address shall not be the end of this.
            if (headStarts < HeadStartsWithoutPlace || attempts[0].Connecting.IsCompleted)
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
    private async Task<Task<Socket>?> AnyEndedAsync(List<ConnectAttempt> attempts, TimeSpan headStart, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var over = Task.Delay(headStart, time, either.Token);
        Task first = await Task.WhenAny([.. attempts.Select(attempt => attempt.Connecting), over]);
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return first as Task<Socket>;
    }
}
