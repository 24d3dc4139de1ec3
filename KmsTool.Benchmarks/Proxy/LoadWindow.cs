using System.Diagnostics;
using System.Net.Sockets;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Runs a load, each client on a thread of its own, and measures what it does while it is in full swing.</summary>
internal static class LoadWindow
{
    // Until the buffers between are full.
    private static readonly TimeSpan RunUp = TimeSpan.FromMilliseconds(200);

    // To connect, and to deliver what is on the way, takes no longer than this, unless a proxy has lost something.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="CommandFailedException">A connection failed, or did not end.</exception>
    public static async Task<Sample> MeasureAsync(
        ILoad load, int clients, MeasuredPath path, int round, TimeSpan duration, CancellationToken cancellationToken)
    {
        // All are connected before any of them begins: among threads that are busy, a new one is long in coming.
        using var start = new Barrier(clients + 1);
        var failed = new TaskCompletionSource<SocketException>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] threads = [.. Enumerable.Range(0, clients).Select(_ => Task.Factory.StartNew(
            RunClient, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        if (!start.SignalAndWait(Patience, cancellationToken))
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} did not take {clients} connections within {Patience.TotalSeconds} s.");
        }

        try
        {
            await Task.WhenAny(failed.Task, Task.Delay(RunUp, cancellationToken));
            var before = Reading.Take(load, path);
            await Task.WhenAny(failed.Task, Task.Delay(duration, cancellationToken));
            var after = Reading.Take(load, path);
            load.End();
            await Task.WhenAll(threads).WaitAsync(Patience, cancellationToken);
            if (!failed.Task.IsCompleted && after.Done > before.Done)
            {
                return new Sample(path.Kind, round, after.Done - before.Done, Stopwatch.GetElapsedTime(before.Time, after.Time), after.Cpu - before.Cpu);
            }

            string reason = failed.Task.IsCompleted ? (await failed.Task).Message : "nothing passed";
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} failed with {clients} at once: {reason}");
        }
        catch (TimeoutException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} did not end {clients} connections within {Patience.TotalSeconds} s.", e);
        }
        finally
        {
            load.End();
        }

        void RunClient()
        {
            try
            {
                load.RunClient(start);
            }
            catch (SocketException e)
            {
                failed.TrySetResult(e);
                start.RemoveParticipant();
            }
        }
    }

    private readonly record struct Reading(CpuShares Cpu, long Done, long Time)
    {
        public static Reading Take(ILoad load, MeasuredPath path) => new(CpuShares.Read(path), load.Done, Stopwatch.GetTimestamp());
    }
}
