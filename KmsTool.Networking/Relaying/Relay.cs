using System.Net.Sockets;

namespace KmsTool.Networking.Relaying;

/// <summary>
/// Joins two connections. The directions are independent: one that ends leaves the other running, so that a reply still
/// arrives after the request's side was closed.
/// </summary>
internal sealed class Relay
{
    // Timers take whole milliseconds: without it one could fire a moment too early, over and over.
    private static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(1);

    private readonly Socket _accepted;
    private readonly Socket _destination;
    private readonly RelayOptions _options;
    private readonly TimeProvider _time;
    private readonly SocketCopier _up;
    private readonly SocketCopier _down;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private RelayEnd _end = RelayEnd.Closed;
    private string? _reason;

    /// <param name="accepted">The connection that was accepted.</param>
    /// <param name="destination">Where it is taken.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">Measures them.</param>
    public Relay(Socket accepted, Socket destination, RelayOptions options, TimeProvider time)
    {
        _accepted = accepted;
        _destination = destination;
        _options = options;
        _time = time;
        _up = new SocketCopier(accepted, destination, options.Up, time);
        _down = new SocketCopier(destination, accepted, options.Down, time);
        _timer = time.CreateTimer(static self => ((Relay)self!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long nothing has passed; zero while a side has still to take something.</summary>
    public TimeSpan IdleTime => IdleTimeAt(_time.GetTimestamp());

    /// <summary>
    /// Runs until both directions have ended, one has failed, or neither has carried anything for the idle timeout, and closes
    /// both sockets. Only once.
    /// </summary>
    /// <param name="early">Bytes that have been read of the accepted connection already.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public async Task<RelayResult> RunAsync(ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(static self => ((Relay)self!).Abort(RelayEnd.Stopped, "stopped"), this))
        await using (_timer)
        {
            _timer.Change(NextCheck(_time.GetTimestamp()), Timeout.InfiniteTimeSpan);
            Task up = CopyAsync(_up, early);
            await CopyAsync(_down, ReadOnlyMemory<byte>.Empty);
            await up;
        }

        _accepted.Dispose();
        _destination.Dispose();
        return new RelayResult(_up.Bytes, _down.Bytes, _end, _reason);
    }

    /// <summary>Ends it as idle before the idle timeout is over.</summary>
    public void EndIdle() => Abort(RelayEnd.Idle, $"nothing passed for {IdleTime.TotalSeconds:0.###} s, and its place was needed");

    private async Task CopyAsync(SocketCopier copier, ReadOnlyMemory<byte> early)
    {
        try
        {
            await copier.RunAsync(early);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Abort(RelayEnd.Broken, e.Message);
        }
    }

    /// <summary>
    /// Ends both directions, for the first reason that is given. An end that was not in order is passed on as a reset, so that
    /// half a message is not taken for a whole one. TCP has resets; to the peer of a Unix or vsock socket it is an end.
    /// </summary>
    private void Abort(RelayEnd end, string reason)
    {
        lock (_lock)
        {
            if (_end != RelayEnd.Closed)
            {
                return;
            }

            (_end, _reason) = (end, reason);
        }

        Reset(_accepted);
        Reset(_destination);
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is beyond resetting; closing it is all that is left.
        }

        socket.Dispose();
    }

    private void Check()
    {
        long now = _time.GetTimestamp();
        if (IsStalled(_up, now) || IsStalled(_down, now))
        {
            Abort(RelayEnd.Stalled, $"nothing could be sent for {_options.SendTimeout.TotalSeconds:0.###} s");
        }
        else if (UntilIdle(now) <= TimeSpan.Zero)
        {
            Abort(RelayEnd.Idle, $"nothing passed for {_options.IdleTimeout.TotalSeconds:0.###} s");
        }
        else
        {
            _timer.Change(NextCheck(now) + Resolution, Timeout.InfiniteTimeSpan);
        }
    }

    private bool IsStalled(SocketCopier copier, long now) => copier.IsSending && _time.GetElapsedTime(copier.Latest, now) >= _options.SendTimeout;

    private TimeSpan IdleTimeAt(long now) =>
        _up.IsSending || _down.IsSending ? TimeSpan.Zero : _time.GetElapsedTime(Math.Max(_up.Latest, _down.Latest), now);

    /// <summary>The time until the relay is idle, which it is not while a side takes what is sent to it, however slowly.</summary>
    private TimeSpan UntilIdle(long now)
    {
        if (_options.IdleTimeout <= TimeSpan.Zero)
        {
            return TimeSpan.MaxValue;
        }

        return _options.IdleTimeout - IdleTimeAt(now);
    }

    /// <summary>
    /// The time until a bound can be met. A send that has to wait may begin at once; as none starts a timer of its own, one that
    /// does not end is noticed after twice its time at the latest.
    /// </summary>
    private TimeSpan NextCheck(long now)
    {
        TimeSpan idle = UntilIdle(now);
        return idle < _options.SendTimeout ? idle : _options.SendTimeout;
    }
}

/// <summary>Bounds of a relay, and who is told of what passes.</summary>
internal sealed record RelayOptions
{
    /// <summary>
    /// Longest time without a byte in either direction, while no side has still to take something; zero for no limit.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Longest time in which a side has to take a piece, of 64 KiB at most, of what is sent to it. A vsock send that waits for
    /// the peer's credit does not notice that the peer has gone; this ends it, after twice the time at the latest.
    /// </summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Told of bytes that passed from the accepted connection to the destination, as they pass.</summary>
    public Action<int>? Up { get; init; }

    /// <summary>Told of bytes that passed the other way.</summary>
    public Action<int>? Down { get; init; }
}

/// <summary>How a relay ended.</summary>
/// <param name="BytesUp">Bytes from the accepted connection to the destination.</param>
/// <param name="BytesDown">Bytes the other way.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Reason">What broke it off, in words; <see langword="null"/> when both sides closed in order.</param>
internal readonly record struct RelayResult(long BytesUp, long BytesDown, RelayEnd End, string? Reason);

/// <summary>Why a relay ended.</summary>
internal enum RelayEnd
{
    /// <summary>Both sides closed in order.</summary>
    Closed,

    /// <summary>One side broke off.</summary>
    Broken,

    /// <summary>Nothing passed for too long.</summary>
    Idle,

    /// <summary>One side took too long for a piece of what was sent to it.</summary>
    Stalled,

    /// <summary>The relay was told to stop.</summary>
    Stopped,
}
