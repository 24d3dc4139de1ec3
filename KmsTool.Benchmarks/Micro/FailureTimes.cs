using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KmsTool.Benchmarks.Load;
using KmsTool.CommandLine;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Benchmarks.Micro;

/// <summary>
/// Compares how long envelopes with bad OAEP padding and with bad content padding take to be refused. They are opened in turn, in
/// a random order, and a second sample of the latter shows what chance does. Times are CPU times of the thread, so that a busy
/// machine adds noise but not its other programs.
/// </summary>
internal sealed partial class FailureTimes : IDisposable
{
    private const int WarmUp = 1000;
    private const int Resamples = 1000;
    private const int ThreadCpuTime = 3;
    private const int PlaintextLength = 32;

    // Of an envelope to RSA-2048, the OCTET STRING of the encrypted key.
    private static readonly byte[] EncryptedKeyHeader = [0x04, 0x82, 0x01, 0x00];

    // The last byte of the block before the last one, which decides the padding's; then a block and five ends of contents.
    private const int PaddingIndexFromEnd = 1 + 16 + (5 * 2);

    private readonly RecipientKeyPair _recipient = RecipientKeyPair.Generate();
    private readonly Random _random = new(20261128);

    public void Dispose() => _recipient.Dispose();

    /// <summary>Measures each kind <paramref name="runs"/> times and describes the result in Markdown.</summary>
    public string Run(int runs, CancellationToken cancellationToken)
    {
        string machine = MachineFacts.Describe();
        (string Name, Func<byte[]> Envelope, List<double> Times)[] kinds =
        [
            ("bad OAEP padding", WithBadKey, new List<double>(runs)),
            ("bad content padding", WithBadContent, new List<double>(runs)),
            ("bad content padding, second sample", WithBadContent, new List<double>(runs)),
        ];
        for (int run = -WarmUp; run < runs; run++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _random.Shuffle(kinds);
            foreach ((_, Func<byte[]> envelope, List<double> times) in kinds)
            {
                double time = Measure(envelope());
                if (run >= 0)
                {
                    times.Add(time);
                }
            }
        }

        Array.Sort(kinds, (left, right) => string.CompareOrdinal(left.Name, right.Name));
        double[][] sorted = [.. kinds.Select(kind => kind.Times.Order().ToArray())];
        double[] reference = sorted[1];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{machine}; {runs} runs of each, interleaved, µs of CPU\n\n");
        text.Append("| refused for | p10 | median | p90 | difference of medians to the second (95 % interval) | longer than the second in |\n|---|---|---|---|---|---|\n");
        for (int i = 0; i < kinds.Length; i++)
        {
            (double low, double high) = MedianDifference(sorted[i], reference);
            text.Append(CultureInfo.InvariantCulture,
                $"| {kinds[i].Name} | {Quantile(sorted[i], 0.1):F1} | {Quantile(sorted[i], 0.5):F1} | {Quantile(sorted[i], 0.9):F1} ");
            text.Append(i == 1
                ? "| | |\n"
                : string.Create(CultureInfo.InvariantCulture,
                    $"| {Quantile(sorted[i], 0.5) - Quantile(reference, 0.5):F2} ({low:F2} to {high:F2}) | {100 * ShareOfLonger(sorted[i], reference):F2} % of all pairs |\n"));
        }

        return text.ToString();
    }

    private double Measure(byte[] envelope)
    {
        long start = ReadClock();
        try
        {
            _recipient.Open(envelope).Dispose();
        }
        catch (RecipientEnvelopeException)
        {
            return (ReadClock() - start) / 1000.0;
        }

        throw new CommandFailedException(ExitCode.OperationFailed, "An envelope that is broken was opened.");
    }

    private byte[] WithBadKey()
    {
        byte[] envelope = Seal();
        envelope[envelope.AsSpan().IndexOf(EncryptedKeyHeader) + EncryptedKeyHeader.Length + 255] ^= 1;
        return envelope;
    }

    private byte[] WithBadContent()
    {
        byte[] envelope = Seal();
        envelope[^PaddingIndexFromEnd] ^= 0x40;
        return envelope;
    }

    private byte[] Seal() => RecipientEnvelope.Seal(new byte[PlaintextLength], _recipient.PublicKey.Span);

    /// <summary>The 95 % interval of the difference of medians, by the bootstrap.</summary>
    private (double Low, double High) MedianDifference(double[] left, double[] right)
    {
        double[] differences = [.. Enumerable.Range(0, Resamples).Select(_ => ResampledMedian(left) - ResampledMedian(right)).Order()];
        return (Quantile(differences, 0.025), Quantile(differences, 0.975));
    }

    private double ResampledMedian(double[] sorted)
    {
        // Of indexes, which are in the order of the values.
        int[] drawn = [.. Enumerable.Range(0, sorted.Length).Select(_ => _random.Next(sorted.Length))];
        Array.Sort(drawn);
        return sorted[drawn[drawn.Length / 2]];
    }

    /// <summary>In how many of all pairs the left one is longer, ties counted half (Mann-Whitney's U as a share; 0.5: no difference).</summary>
    private static double ShareOfLonger(double[] left, double[] right)
    {
        double longer = 0;
        int below = 0;
        int upTo = 0;
        foreach (double value in left)
        {
            while (below < right.Length && right[below] < value)
            {
                below++;
            }

            while (upTo < right.Length && right[upTo] <= value)
            {
                upTo++;
            }

            longer += (below + upTo) / 2.0;
        }

        return longer / left.Length / right.Length;
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];

    private static long ReadClock() => GetTime(ThreadCpuTime, out Time time) == 0
        ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
        : throw new CommandFailedException(ExitCode.OperationFailed, "The CPU time of the thread cannot be read.");

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    /// <summary><c>struct timespec</c> of 64-bit Linux.</summary>
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
