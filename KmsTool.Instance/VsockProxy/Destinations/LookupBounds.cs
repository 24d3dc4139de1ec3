namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>How many names are looked up at once, and how many wait for that.</summary>
/// <param name="Threads">Lookups that run, each on a thread.</param>
internal sealed record LookupBounds(int Threads)
{
    /// <summary>
    /// For names that the operator wrote down: they are as many as he wrote, so all may wait. Each is looked up once at a time,
    /// and not by the threads of what enclaves ask for.
    /// </summary>
    public static LookupBounds Fixed { get; } = new(2);

    /// <summary>For the names of an allowlist that are compared with a destination's: all at once, within the time for the start.</summary>
    public static LookupBounds Rules { get; } = new(8);

    /// <summary>For names that peers ask for. It takes three to have all threads wait for name servers that do not answer.</summary>
    public static LookupBounds Asked { get; } = new(8) { ThreadsOfOne = 3, Waiting = 256, WaitingOfOne = 32 };

    /// <summary>Lookups of one asker that run.</summary>
    public int ThreadsOfOne { get; init; } = int.MaxValue;

    /// <summary>Lookups that wait for a thread.</summary>
    public int Waiting { get; init; } = int.MaxValue;

    /// <summary>Lookups of one asker that wait for a thread.</summary>
    public int WaitingOfOne { get; init; } = int.MaxValue;
}
