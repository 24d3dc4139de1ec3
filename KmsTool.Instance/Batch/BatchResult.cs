using KmsTool.Protocol;

namespace KmsTool.Instance.Batch;

/// <summary>What came of one line.</summary>
/// <param name="Output">What goes to stdout, with its line break. Holds the plaintext.</param>
/// <param name="Failed">Whether it was not decrypted.</param>
/// <param name="Complaint">What goes to stderr; <see langword="null"/> for nothing.</param>
internal sealed record BatchResult(SensitiveBytes Output, bool Failed, string? Complaint) : IDisposable
{
    public void Dispose() => Output.Dispose();
}
