using System.Formats.Cbor;
using System.Runtime.CompilerServices;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// What a Nitro Enclave's attestation document states (AWS Nitro Enclaves User Guide, "Verifying the root of trust").
/// Proof of nothing by itself: take it from a valid <see cref="AttestationVerdict"/>.
/// </summary>
public sealed record AttestationDocument
{
    /// <summary>The only hash that documents use.</summary>
    internal const string Sha384 = "SHA384";

    /// <summary>Identifier of the module that made the document: the instance's, then the enclave's (<c>module_id</c>).</summary>
    public required string ModuleId { get; init; }

    /// <summary>The hash that PCRs are extended with: <c>SHA384</c> (<c>digest</c>).</summary>
    public string Digest { get; init; } = Sha384;

    /// <summary>When the document was made, to the millisecond (<c>timestamp</c>, milliseconds since the Unix epoch).</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>PCR values, 48 bytes with SHA-384, by index 0 to 31 (<c>pcrs</c>); devices leave out unset ones above 15.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs { get; init; }

    /// <summary>DER of the certificate whose key signed the document (<c>certificate</c>).</summary>
    public required ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>DER of the issuing certificates, the root first (<c>cabundle</c>).</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> CaBundle { get; init; }

    /// <summary>The public key that the enclave asked to have certified, at most 1024 bytes, or null (<c>public_key</c>). An empty one is not a key.</summary>
    public ReadOnlyMemory<byte>? PublicKey { get; init; }

    /// <summary>What the enclave has to say, at most 1024 bytes, or null (<c>user_data</c>).</summary>
    public ReadOnlyMemory<byte>? UserData { get; init; }

    /// <summary>The verifier's proof of freshness, at most 1024 bytes, or null (<c>nonce</c>).</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>
    /// True when no enclave image is measured: PCR 0 is all zero, as in debug mode, where the parent reads the enclave's
    /// console, or absent.
    /// </summary>
    public bool IsDebug => !Pcrs.TryGetValue(0, out ReadOnlyMemory<byte> image) || !image.Span.ContainsAnyExcept((byte)0);

    /// <summary>Whether both are the same object: byte strings and dictionaries have no equality of content.</summary>
    public bool Equals(AttestationDocument? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    /// <summary>The payload of the document as CBOR, in the order of real devices. Checks no rule; see <see cref="AttestationVerifier"/>.</summary>
    internal byte[] EncodePayload()
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteStartMap(9);
        writer.WriteTextString("module_id");
        writer.WriteTextString(ModuleId);
        writer.WriteTextString("digest");
        writer.WriteTextString(Digest);
        writer.WriteTextString("timestamp");
        writer.WriteInt64(Timestamp.ToUnixTimeMilliseconds());
        writer.WriteTextString("pcrs");
        writer.WriteStartMap(Pcrs.Count);
        foreach ((int index, ReadOnlyMemory<byte> value) in Pcrs.OrderBy(pcr => pcr.Key))
        {
            writer.WriteInt32(index);
            writer.WriteByteString(value.Span);
        }
        writer.WriteEndMap();
        writer.WriteTextString("certificate");
        writer.WriteByteString(Certificate.Span);
        writer.WriteTextString("cabundle");
        writer.WriteStartArray(CaBundle.Count);
        foreach (ReadOnlyMemory<byte> certificate in CaBundle)
        {
            writer.WriteByteString(certificate.Span);
        }
        writer.WriteEndArray();
        writer.WriteBytesOrNull("public_key", PublicKey);
        writer.WriteBytesOrNull("user_data", UserData);
        writer.WriteBytesOrNull("nonce", Nonce);
        writer.WriteEndMap();
        return writer.Encode();
    }
}
