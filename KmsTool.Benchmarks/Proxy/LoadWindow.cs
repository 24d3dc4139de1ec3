using System.Diagnostics;
using System.Net.Sockets;
using KmsTool.Cli;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Runs a load, each client on a thread of its own, and measures what it does while it is in full swing.</summary>
internal static class LoadWindow
{
    // Until all are connected and the buffers between are full.
    private static readonly TimeSpan RunUp = TimeSpan.FromMilliseconds(300);

    // To deliver what is on the way takes no longer than this, unless a proxy has lost something.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(20);

    /// <exception cref="CommandFailedException">A connection failed, or did not end.</exception>
    public static async Task<Sample> MeasureAsync(
        ILoad load, int clients, MeasuredPath path, int round, TimeSpan duration, CancellationToken cancellationToken)
    {
        var failed = new TaskCompletionSource<SocketException>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] threads = [.. Enumerable.Range(0, clients).Select(_ => Task.Factory.StartNew(
            RunClient, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            await Task.WhenAny(failed.Task, Task.Delay(RunUp, cancellationToken));
            CpuShares cpuBefore = CpuShares.Read(path);
            long doneBefore = load.Done;
            long began = Stopwatch.GetTimestamp();
            await Task.WhenAny(failed.Task, Task.Delay(duration, cancellationToken));
            long done = load.Done - doneBefore;
            TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
            CpuShares cpu = CpuShares.Read(path) - cpuBefore;
            load.End();
            await Task.WhenAll(threads).WaitAsync(LongestEnd, cancellationToken);
            if (!failed.Task.IsCompleted && done > 0)
                return new Sample(path.Kind, round, done, elapsed, cpu);

            string reason = failed.Task.IsCompleted ? (await failed.Task).Message : "nothing passed";
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} failed with {clients} at once: {reason}");
        }
        catch (TimeoutException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} did not end {clients} connections within {LongestEnd.TotalSeconds} s.", e);
        }
        finally
        {
            load.End();
        }

        void RunClient()
        {
            try
            {
                load.RunClient();
            }
            catch (SocketException e)
            {
                failed.TrySetResult(e);
            }
        }
    }
}
