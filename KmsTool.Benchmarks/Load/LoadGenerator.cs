using System.Diagnostics;
using System.Runtime.ExceptionServices;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>Runs workers, each on a thread of its own, and measures what they and the programs did.</summary>
internal sealed class LoadGenerator(Testbed testbed, StartedProgram enclave, RsaBaseline baseline)
{
    /// <summary>Runs one load to one of its bounds.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<LoadResult> RunAsync(string name, LoadBounds bounds, Func<IWorker> createWorker, CancellationToken cancellationToken)
    {
        TimeSpan privateKeyOperation = baseline.Measure();
        using var start = new Barrier(bounds.Workers + 1);
        var run = new Run(start, bounds, cancellationToken);
        Task<List<long>>[] workers = [.. Enumerable.Range(0, bounds.Workers).Select(_ => Task.Factory.StartNew(
            () => run.Work(createWorker), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        // All are connected; the clock runs from when all may begin.
        start.SignalAndWait(CancellationToken.None);
        var before = CpuTimes.Read(testbed, enclave);
        long began = Stopwatch.GetTimestamp();
        start.SignalAndWait(CancellationToken.None);
        List<long>[] latencies = await Task.WhenAll(workers);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        var after = CpuTimes.Read(testbed, enclave);
        run.Failure?.Throw();
        cancellationToken.ThrowIfCancellationRequested();

        TimeSpan[] sorted = [.. latencies.SelectMany(static times => times).Order().Select(static time => Stopwatch.GetElapsedTime(0, time))];
        return new LoadResult
        {
            Name = name,
            Workers = bounds.Workers,
            Operations = sorted.Length,
            Elapsed = elapsed,
            Latencies = sorted,
            Cpu = after - before,
            PrivateKeyOperation = (privateKeyOperation + baseline.Measure()) / 2,
        };
    }

    private sealed class Run(Barrier start, LoadBounds bounds, CancellationToken cancellationToken)
    {
        private long _remaining = bounds.Operations;
        private volatile ExceptionDispatchInfo? _failure;

        /// <summary>The first failure of any worker, which ends all.</summary>
        public ExceptionDispatchInfo? Failure => _failure;

        /// <returns>The time of each operation, in units of <see cref="Stopwatch"/>.</returns>
        public List<long> Work(Func<IWorker> createWorker)
        {
            var latencies = new List<long>(capacity: 4096);
            using IWorker? worker = Guard(createWorker);
            start.SignalAndWait(CancellationToken.None);
            start.SignalAndWait(CancellationToken.None);
            if (worker is not null)
            {
                Guard(() => Repeat(worker, latencies));
            }

            return latencies;
        }

        private List<long> Repeat(IWorker worker, List<long> latencies)
        {
            long now = Stopwatch.GetTimestamp();
            long end = now + (long)(bounds.Duration.TotalSeconds * Stopwatch.Frequency);
            while (now < end && _failure is null && !cancellationToken.IsCancellationRequested && Interlocked.Decrement(ref _remaining) >= 0)
            {
                worker.Work();
                long done = Stopwatch.GetTimestamp();
                latencies.Add(done - now);
                now = done;
            }

            return latencies;
        }

        // A worker that failed still has to meet the others at the barrier.
        private T? Guard<T>(Func<T> action)
            where T : class
        {
            try
            {
                return action();
            }
#pragma warning disable CA1031 // Thrown again, by whoever waits for the load.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(e);
                return null;
            }
        }
    }
}
