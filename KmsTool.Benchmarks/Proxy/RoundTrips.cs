using System.Diagnostics;
using System.Net.Sockets;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Round trips of a small message on an open connection, one after the other.</summary>
internal static class RoundTrips
{
    public const int MessageLength = 64;

    // Where the kernel has put the threads of a connection makes more of a difference than the proxy does.
    private const int Connections = 4;

    private static readonly TimeSpan RunUp = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(20);

    /// <exception cref="CommandFailedException">The connection failed, or fell silent.</exception>
    public static async Task<RoundTripSample> MeasureAsync(MeasuredPath path, int round, TimeSpan duration, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Factory.StartNew(
                () => Measure(path, round, duration), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .WaitAsync(RunUp + duration + LongestStall, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path.Kind} failed with round trips: {e.Message}", e);
        }
    }

    private static RoundTripSample Measure(MeasuredPath path, int round, TimeSpan duration)
    {
        var times = new List<long>(capacity: 1 << 20);
        var discarded = new List<long>(capacity: 1 << 16);
        var cpu = new CpuShares();
        for (int i = 0; i < Connections; i++)
        {
            using Socket socket = ClientSocket.Connect(path.Entrance, Service.Echo);
            Repeat(socket, RunUp / Connections, discarded);
            var before = CpuShares.Read(path);
            Repeat(socket, duration / Connections, times);
            cpu += CpuShares.Read(path) - before;
        }

        times.Sort();
        return new RoundTripSample(path.Kind, round, times.Count, Percentile(times, 0.5), Percentile(times, 0.99), cpu);
    }

    private static void Repeat(Socket socket, TimeSpan duration, List<long> times)
    {
        Span<byte> message = stackalloc byte[MessageLength];
        long now = Stopwatch.GetTimestamp();
        long end = now + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        while (now < end)
        {
            socket.Send(message);
            for (int received = 0; received < MessageLength;)
            {
                int more = socket.Receive(message[received..]);
                if (more == 0)
                {
                    throw new SocketException((int)SocketError.ConnectionReset);
                }

                received += more;
            }

            long done = Stopwatch.GetTimestamp();
            times.Add(done - now);
            now = done;
        }
    }

    private static TimeSpan Percentile(List<long> sorted, double share) => Stopwatch.GetElapsedTime(0, sorted[(int)(sorted.Count * share)]);
}
