namespace KmsTool.Benchmarks.Load;

/// <summary>One client of many: it repeats one operation, on a thread of its own.</summary>
internal interface IWorker : IDisposable
{
    /// <summary>Carries out the operation that is counted and timed.</summary>
    public void Work();
}
