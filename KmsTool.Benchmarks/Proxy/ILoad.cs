namespace KmsTool.Benchmarks.Proxy;

/// <summary>What many clients do at once until they are told to end.</summary>
internal interface ILoad
{
    /// <summary>How much all of them have done, in bytes or connections.</summary>
    public long Done { get; }

    /// <summary>One client; returns soon after <see cref="End"/>.</summary>
    /// <param name="start">Where it meets the others once it is connected.</param>
    public void RunClient(Barrier start);

    /// <summary>Tells all clients to end.</summary>
    public void End();
}
