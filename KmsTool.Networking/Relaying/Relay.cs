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
    private readonly Pump _up;
    private readonly Pump _down;
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
        _up = new Pump(accepted, destination, options.Up, time);
        _down = new Pump(destination, accepted, options.Down, time);
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
            Task up = CarryAsync(_up, early);
            await CarryAsync(_down, ReadOnlyMemory<byte>.Empty);
            await up;
        }

        _accepted.Dispose();
        _destination.Dispose();
        return new RelayResult(_up.Bytes, _down.Bytes, _end, _reason);
    }

    /// <summary>Ends it as idle before the idle timeout is over.</summary>
    public void EndIdle() => Abort(RelayEnd.Idle, $"nothing passed for {IdleTime.TotalSeconds:0.###} s, and its place was needed");

    private async Task CarryAsync(Pump pump, ReadOnlyMemory<byte> early)
    {
        try
        {
            await pump.RunAsync(early);
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

    private bool IsStalled(Pump pump, long now) => pump.IsSending && _time.GetElapsedTime(pump.Latest, now) >= _options.SendTimeout;

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
