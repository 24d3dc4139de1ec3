using System.Diagnostics;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Opens idle connections on one path, more and more, and reads the proxy's memory.</summary>
internal static class IdleMeasurement
{
    // What a proxy does after the last connection has been answered: its log, a timer.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    public static async Task<List<IdleSample>> MeasureAsync(MeasuredPath path, IEnumerable<int> counts, CancellationToken cancellationToken)
    {
        var samples = new List<IdleSample>();
        using var connections = new IdleConnections(path.Entrance);
        long began = Stopwatch.GetTimestamp();
        foreach (int count in counts.Prepend(0))
        {
            await connections.OpenAsync(count, cancellationToken);
            TimeSpan opened = Stopwatch.GetElapsedTime(began);
            await Task.Delay(Rest, cancellationToken);
            FamilyMemory memory = path.ReadMemory();
            samples.Add(new IdleSample(path.Kind, count, connections.CountOpen(), connections.Refusal, opened, memory));
            if (connections.Refusal is not null)
            {
                break;
            }

            began = Stopwatch.GetTimestamp();
        }

        return samples;
    }
}
