using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>
/// Remembers documents that have been accepted, by SHA-256: enclaves use one for many requests, and a chain of five
/// P-384 signatures costs more than the rest of a request. What depends on the time or the key is checked every time.
/// </summary>
internal sealed class AcceptedDocuments
{
    private const int Capacity = 1024;

    private readonly ConcurrentDictionary<string, AcceptedDocument> _documents = new(StringComparer.Ordinal);

    public bool TryFind(ReadOnlySpan<byte> sha256, DateTimeOffset now, [NotNullWhen(true)] out AcceptedDocument? document) =>
        _documents.TryGetValue(Convert.ToHexString(sha256), out document) && now < document.ChainExpires;

    /// <summary>Remembers the document; false where a request at the same time has done so already.</summary>
    public bool Add(ReadOnlySpan<byte> sha256, AcceptedDocument document)
    {
        // Documents are good for minutes: starting over costs one verification for each that is still in use.
        if (_documents.Count >= Capacity)
        {
            _documents.Clear();
        }

        return _documents.TryAdd(Convert.ToHexString(sha256), document);
    }
}
