using System.Collections.Frozen;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>Counts what happens. For many threads.</summary>
internal sealed class DaemonCounters
{
    /// <summary>Counts what names no operation that is known.</summary>
    private const string Invalid = "Invalid";

    private static readonly string[] Operations = [.. CommandParser.Operations, Invalid];

    private readonly FrozenDictionary<string, Outcomes> _outcomes = Operations.ToFrozenDictionary(name => name, _ => new Outcomes());
    private long _open;
    private long _accepted;
    private long _refused;

    public void ConnectionOpened()
    {
        Interlocked.Increment(ref _open);
        Interlocked.Increment(ref _accepted);
    }

    public void ConnectionClosed() => Interlocked.Decrement(ref _open);

    public void ConnectionRefused() => Interlocked.Increment(ref _refused);

    /// <param name="operation">The operation's name; <see langword="null"/> for what names none.</param>
    /// <param name="succeeded">Whether it was carried out.</param>
    public void CommandDone(string? operation, bool succeeded)
    {
        Outcomes outcomes = _outcomes[operation ?? Invalid];
        Interlocked.Increment(ref succeeded ? ref outcomes.Succeeded : ref outcomes.Failed);
    }

    public EnclaveCounters Read() => new()
    {
        ConnectionsOpen = Interlocked.Read(ref _open),
        ConnectionsAccepted = Interlocked.Read(ref _accepted),
        ConnectionsRefused = Interlocked.Read(ref _refused),
        Operations = Operations.ToDictionary(name => name, name => _outcomes[name].Read()),
    };

    private sealed class Outcomes
    {
        public long Succeeded;
        public long Failed;

        public OperationCounters Read() => new(Interlocked.Read(ref Succeeded), Interlocked.Read(ref Failed));
    }
}
