using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Batch;

/// <summary>Where the results of a batch go, and in what form.</summary>
internal interface IBatchOutput
{
    /// <summary>Makes the output for a line that was decrypted. Many may call it at once; the reply stays the caller's.</summary>
    public BatchResult Format(long line, DecryptResponse reply);

    /// <summary>Makes the output for a line that was not decrypted.</summary>
    /// <param name="line">Its number.</param>
    /// <param name="reason">What went wrong, in words that are fit for a terminal.</param>
    /// <param name="code">The machine-readable name of the error; <see langword="null"/> if it has none.</param>
    public BatchResult Fail(long line, string reason, string? code);

    /// <summary>Says what an exception means and what to do about it; <see langword="null"/> for a defect of this program.</summary>
    public string? Describe(Exception failure);

    /// <summary>Writes the output of a line.</summary>
    public ValueTask WriteAsync(SensitiveBytes line, CancellationToken cancellationToken);

    /// <summary>Writes what is buffered.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Writes a line next to the results: about the batch, or a failure that its output does not hold.</summary>
    public Task NoteAsync(string text);
}
