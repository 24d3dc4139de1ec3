namespace KmsTool.Simulator.Faults;

/// <summary>The faults that are switched on. Any thread may change them at any time.</summary>
internal sealed class FaultSwitches
{
    private int _bits;

    /// <summary>How long <see cref="SimulatorFault.KmsSlow"/> waits before it responds.</summary>
    public TimeSpan SlowDelay { get; set; } = TimeSpan.FromSeconds(30);

    public bool this[SimulatorFault fault]
    {
        get => (Volatile.Read(ref _bits) & Bit(fault)) != 0;
        set
        {
            if (value)
            {
                Interlocked.Or(ref _bits, Bit(fault));
            }
            else
            {
                Interlocked.And(ref _bits, ~Bit(fault));
            }
        }
    }

    /// <summary>Switches a fault off and returns whether it was on.</summary>
    public bool Take(SimulatorFault fault) => (Interlocked.And(ref _bits, ~Bit(fault)) & Bit(fault)) != 0;

    /// <summary>Switches all faults off.</summary>
    public void Clear() => Interlocked.Exchange(ref _bits, 0);

    private static int Bit(SimulatorFault fault) => 1 << (int)fault;
}
