using System.Globalization;

namespace KmsTool.Instance.Batch;

/// <summary>How far a batch is. Written by one, read by many.</summary>
internal sealed class BatchTally
{
    private long _decrypted;
    private long _failed;
    private long _bytes;

    /// <summary>Results that were written.</summary>
    public long Decrypted => Interlocked.Read(ref _decrypted);

    /// <summary>Lines that gave none.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>How many bytes of the input they make up.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The line whose failure ended the batch; 0 where none did.</summary>
    public long StoppedAt { get; private set; }

    /// <param name="item">The line.</param>
    /// <param name="succeeded">Whether it was decrypted.</param>
    public void Count(BatchItem item, bool succeeded)
    {
        if (succeeded)
        {
            Interlocked.Increment(ref _decrypted);
        }
        else
        {
            Interlocked.Increment(ref _failed);
        }

        Interlocked.Exchange(ref _bytes, item.Line.End);
    }

    public void StopAt(BatchItem item) => StoppedAt = item.Line.Number;

    /// <summary>How far it is, in a few words.</summary>
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{Decrypted} decrypted, {Failed} failed");

    /// <summary>One line for the end.</summary>
    public string Summarize(TimeSpan elapsed)
    {
        double rate = (Decrypted + Failed) / Math.Max(elapsed.TotalSeconds, 0.001);
        string stopped = StoppedAt == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $"; stopped at line {StoppedAt}, which failed (--continue-on-error goes on)");
        return string.Create(
            CultureInfo.InvariantCulture, $"{Decrypted} decrypted, {Failed} failed in {elapsed.TotalSeconds:0.0} s ({rate:0}/s){stopped}");
    }
}
