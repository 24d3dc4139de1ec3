namespace KmsTool.Simulator.Hosting;

/// <summary>The machine's clock plus an offset, which makes the clocks of clients wrong.</summary>
internal sealed class SimulatorClock : TimeProvider
{
    private long _offsetTicks;

    /// <summary>May be changed at any time.</summary>
    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));
        set => Interlocked.Exchange(ref _offsetTicks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
