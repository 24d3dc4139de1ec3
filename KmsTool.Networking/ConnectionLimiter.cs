using System.Net.Sockets;

namespace KmsTool.Networking;

/// <summary>
/// Bounds the connections that are open at once. When all places are taken, the connection that has been without a request for
/// the longest time gives way to a new one, which waits while that time is short.
/// </summary>
/// <param name="maxConnections">Connections open at once.</param>
/// <param name="time">Measures how long connections are without a request.</param>
internal sealed class ConnectionLimiter(int maxConnections, TimeProvider time)
{
    // Long enough to read a request that came with its connection, or to send the last response; short enough that thousands of
    // silent peers are through in a second.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    // Timers take whole milliseconds.
    private static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();

    // Places of connections without a request, the oldest first.
    private readonly LinkedList<Place> _silent = [];
    private TaskCompletionSource _change = NewSignal();
    private int _taken;

    /// <summary>Takes a place for a connection, which has no request yet; waits until there is one.</summary>
    /// <param name="socket">The connection's. While it has bytes that were not read yet, the connection does not give way.</param>
    /// <param name="end">Ends the connection when it gives way. Must not block.</param>
    /// <param name="ifAllBusy">
    /// Called when every connection has a request: may end one, and returns the time after which it is to be called again.
    /// <see langword="null"/> to wait for the end of a request.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The place, to be disposed of with the connection.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<Place> TakeAsync(Socket socket, Action end, Func<TimeSpan>? ifAllBusy, CancellationToken cancellationToken)
    {
        var place = new Place(this, socket, end);
        while (!TryTake(place, out Task change, out TimeSpan left))
        {
            if (left == Timeout.InfiniteTimeSpan && ifAllBusy is not null)
            {
                left = ifAllBusy();
            }

            await change.WaitAsync(left == Timeout.InfiniteTimeSpan ? left : left + Resolution, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return place;
    }

    /// <param name="place">Takes a place where there is one.</param>
    /// <param name="change">Completes when another connection leaves or ends its request.</param>
    /// <param name="left">The time after which the oldest connection without a request gives way; infinite when there is none.</param>
    private bool TryTake(Place place, out Task change, out TimeSpan left)
    {
        Place? oldest = null;
        lock (_lock)
        {
            change = _change.Task;
            left = Timeout.InfiniteTimeSpan;
            while (_taken == maxConnections)
            {
                oldest = _silent.First?.Value;
                if (oldest is null)
                {
                    return false;
                }

                left = Grace - time.GetElapsedTime(oldest.SilentSince);
                if (left > TimeSpan.Zero)
                {
                    return false;
                }

                if (oldest.HasUnread)
                {
                    oldest.WaitAnew();
                }
                else
                {
                    oldest.Leave();
                }
            }

            _taken++;
            place.Wait();
        }

        oldest?.End();
        return true;
    }

    private long Now => time.GetTimestamp();

    private void Announce()
    {
        _change.SetResult();
        _change = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The place of one connection.</summary>
    internal sealed class Place : IDisposable
    {
        private readonly ConnectionLimiter _limiter;
        private readonly Socket _socket;
        private readonly LinkedListNode<Place> _node;
        private bool _isHeld = true;

        public Place(ConnectionLimiter limiter, Socket socket, Action end)
        {
            _limiter = limiter;
            _socket = socket;
            _node = new LinkedListNode<Place>(this);
            End = end;
        }

        public Action End { get; }

        /// <summary>When the connection came, or its last request ended.</summary>
        public long SilentSince { get; private set; }

        /// <summary>Whether the peer has sent something, its end included, that this process has had no time to read.</summary>
        public bool HasUnread
        {
            get
            {
                try
                {
                    return _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    return false;
                }
            }
        }

        /// <summary>Keeps the place until <see cref="EndRequest"/>.</summary>
        /// <returns>False when the connection has given way: it is being ended.</returns>
        public bool TryBeginRequest()
        {
            lock (_limiter._lock)
            {
                if (_isHeld)
                {
                    _limiter._silent.Remove(_node);
                }

                return _isHeld;
            }
        }

        /// <summary>Lets the connection give way again, after those that have waited for longer.</summary>
        public void EndRequest()
        {
            lock (_limiter._lock)
            {
                if (_isHeld)
                {
                    Wait();
                }
            }
        }

        /// <summary>Gives the place back, unless the connection has given way.</summary>
        public void Dispose()
        {
            lock (_limiter._lock)
            {
                if (_isHeld)
                {
                    Leave();
                }
            }
        }

        /// <summary>Joins those that may give way. The caller holds the lock.</summary>
        public void Wait()
        {
            SilentSince = _limiter.Now;
            _limiter._silent.AddLast(_node);
            _limiter.Announce();
        }

        /// <summary>Joins the end of those that may give way. The caller holds the lock.</summary>
        public void WaitAnew()
        {
            _limiter._silent.Remove(_node);
            Wait();
        }

        /// <summary>Frees the place. The caller holds the lock.</summary>
        public void Leave()
        {
            _isHeld = false;
            _limiter._taken--;
            if (_node.List is not null)
            {
                _limiter._silent.Remove(_node);
            }

            _limiter.Announce();
        }
    }
}
