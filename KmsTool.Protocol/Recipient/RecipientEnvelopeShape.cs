namespace KmsTool.Protocol.Recipient;

/// <summary>
/// The forms in which KMS encodes the encrypted content of an envelope. The default is what it sends for short
/// plaintexts: [0] constructed of one OCTET STRING.
/// </summary>
internal readonly record struct RecipientEnvelopeShape
{
    /// <summary>So that no chunk is empty: the shortest ciphertext has 16 bytes.</summary>
    private const int MaxChunks = 16;

    private readonly int _furtherChunks;

    private RecipientEnvelopeShape(bool isPrimitive, int furtherChunks)
    {
        IsPrimitive = isPrimitive;
        _furtherChunks = furtherChunks;
    }

    /// <summary>[0] primitive, all content in one.</summary>
    public static RecipientEnvelopeShape Primitive => new(isPrimitive: true, furtherChunks: 0);

    public bool IsPrimitive { get; }

    /// <summary>The number of OCTET STRINGs in [0] constructed.</summary>
    public int Chunks => 1 + _furtherChunks;

    /// <summary>[0] constructed of <paramref name="chunks"/> OCTET STRINGs, 1 to 16.</summary>
    public static RecipientEnvelopeShape Constructed(int chunks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunks, MaxChunks);
        return new(isPrimitive: false, chunks - 1);
    }
}
