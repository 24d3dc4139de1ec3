using System.Net;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Short connections, each client one after the other.</summary>
internal sealed class ConnectionLoad(EndPoint entrance) : ILoad
{
    private long _done;
    private volatile bool _ends;

    public long Done => Interlocked.Read(ref _done);

    public void RunClient(Barrier start)
    {
        start.SignalAndWait(CancellationToken.None);
        while (!_ends)
        {
            ClientSocket.Exchange(entrance);
            Interlocked.Increment(ref _done);
        }
    }

    public void End() => _ends = true;
}
