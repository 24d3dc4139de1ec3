using System.Globalization;

namespace KmsTool.Instance.Batch;

/// <summary>How far a batch is. One thread writes it, many read it.</summary>
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

    /// <summary>The line whose failure ended the batch; 0 if none did.</summary>
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
}
