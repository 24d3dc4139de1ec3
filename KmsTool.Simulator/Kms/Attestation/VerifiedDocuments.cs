using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>
/// Remembers documents that have been verified, by SHA-256: enclaves use one for many requests, and a chain of five
/// P-384 signatures costs more than the rest of a request. What depends on the time or the key is checked every time.
/// </summary>
internal sealed class VerifiedDocuments
{
    private const int Capacity = 1024;

    private readonly ConcurrentDictionary<string, VerifiedDocument> _documents = new(StringComparer.Ordinal);

    public bool TryFind(ReadOnlySpan<byte> sha256, DateTimeOffset now, [NotNullWhen(true)] out VerifiedDocument? document) =>
        _documents.TryGetValue(Convert.ToHexString(sha256), out document) && now < document.ChainExpires;

    public void Add(ReadOnlySpan<byte> sha256, VerifiedDocument document, DateTimeOffset now)
    {
        // Documents are good for minutes: starting over costs one verification for each that is still in use.
        if (_documents.Count >= Capacity)
            _documents.Clear();
        if (now < document.ChainExpires)
            _documents[Convert.ToHexString(sha256)] = document;
    }
}
