namespace KmsTool.Protocol.Recipient;

/// <summary>The forms in which KMS encodes the encrypted content of an envelope.</summary>
internal readonly record struct RecipientEnvelopeShape
{
    private RecipientEnvelopeShape(int chunks) => Chunks = chunks;

    /// <summary>[0] primitive, all content in one.</summary>
    public static RecipientEnvelopeShape Primitive => default;

    /// <summary>0 for [0] primitive; else the number of OCTET STRINGs in [0] constructed.</summary>
    public int Chunks { get; }

    /// <summary>[0] constructed of <paramref name="chunks"/> OCTET STRINGs, 1 to 16, so that none is empty.</summary>
    public static RecipientEnvelopeShape Constructed(int chunks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunks, 16);
        return new RecipientEnvelopeShape(chunks);
    }
}
