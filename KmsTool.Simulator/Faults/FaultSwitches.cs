namespace KmsTool.Simulator.Faults;

/// <summary>Which faults are on. May be changed at any time, from any thread.</summary>
internal sealed class FaultSwitches
{
    private int _bits;

    /// <summary>How long <see cref="SimulatorFault.KmsSlow"/> waits before it answers.</summary>
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

    /// <summary>Switches a fault off and tells whether it was on.</summary>
    public bool Take(SimulatorFault fault) => (Interlocked.And(ref _bits, ~Bit(fault)) & Bit(fault)) != 0;

    /// <summary>Switches all faults off.</summary>
    public void Clear() => Interlocked.Exchange(ref _bits, 0);

    private static int Bit(SimulatorFault fault) => 1 << (int)fault;
}
