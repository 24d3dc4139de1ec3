using System.Formats.Cbor;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A request to the Nitro Secure Module. Encoded as CBOR the way serde writes Rust enums: operations without arguments
/// are text, the others a map of one, from the operation's name to a map of its arguments
/// (aws-nitro-enclaves-nsm-api, <c>Request</c>).
/// </summary>
internal abstract record NsmRequest
{
    private NsmRequest()
    {
    }

    /// <summary>Asks for the module's version, identifier and PCR state.</summary>
    public sealed record DescribeNsm : NsmRequest;

    /// <summary>Reads one PCR.</summary>
    /// <param name="Index">0 to 31.</param>
    public sealed record DescribePcr(ushort Index) : NsmRequest;

    /// <summary>Sets a PCR to the hash of its value followed by <paramref name="Data"/>.</summary>
    /// <param name="Index">0 to 31.</param>
    /// <param name="Data">What to extend it with, in bytes; bounded by the size of the request.</param>
    public sealed record ExtendPcr(ushort Index, ReadOnlyMemory<byte> Data) : NsmRequest;

    /// <summary>Makes one PCR read-only until the enclave ends.</summary>
    /// <param name="Index">0 to 31.</param>
    public sealed record LockPcr(ushort Index) : NsmRequest;

    /// <summary>Makes the PCRs 0 to <paramref name="Range"/> − 1 read-only.</summary>
    /// <param name="Range">0 to 32.</param>
    public sealed record LockPcrs(ushort Range) : NsmRequest;

    /// <summary>Asks for a signed attestation document that carries these three, each at most 1024 bytes.</summary>
    /// <param name="UserData">Anything the verifier of the document is to see.</param>
    /// <param name="Nonce">The verifier's proof of freshness.</param>
    /// <param name="PublicKey">DER SubjectPublicKeyInfo that responses may be encrypted to.</param>
    public sealed record Attestation(ReadOnlyMemory<byte>? UserData, ReadOnlyMemory<byte>? Nonce, ReadOnlyMemory<byte>? PublicKey) : NsmRequest;

    /// <summary>Asks for up to 256 random bytes.</summary>
    public sealed record GetRandom : NsmRequest;

    /// <summary>The request as CBOR.</summary>
    /// <exception cref="NsmException">An argument or the whole breaks a limit of <see cref="NsmLimits"/>.</exception>
    public byte[] Encode()
    {
        Validate();
        var writer = new CborWriter(CborConformanceMode.Strict);
        NsmRequestCodec.Write(writer, this);
        return writer.BytesWritten <= NsmLimits.MaxRequestLength ? writer.Encode() : throw TooLarge(writer.BytesWritten);
    }

    /// <summary>
    /// Decodes a request. Strict: known operations and members only, each at most once, no tags, no indefinite-length
    /// strings, nothing after the value. Absent optional members are null. The result does not refer to <paramref name="encoded"/>.
    /// </summary>
    /// <exception cref="NsmException">
    /// Not a request; <see cref="NsmException.Code"/> is the error with which the device would refuse it.
    /// </exception>
    public static NsmRequest Decode(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > NsmLimits.MaxRequestLength)
        {
            throw TooLarge(encoded.Length);
        }
        NsmRequest request = NsmRequestCodec.Read(encoded.ToArray());
        request.Validate();
        return request;
    }

    private void Validate()
    {
        switch (this)
        {
            case DescribePcr describe:
                ValidateIndex(describe.Index);
                break;
            case ExtendPcr extend:
                ValidateIndex(extend.Index);
                break;
            case LockPcr lockPcr:
                ValidateIndex(lockPcr.Index);
                break;
            case LockPcrs { Range: > NsmLimits.PcrCount } lockPcrs:
                throw new NsmException(NsmErrorCode.InvalidIndex, $"NSM LockPCRs range {lockPcrs.Range} is more than {NsmLimits.PcrCount}");
            case Attestation attestation:
                ValidateField("user_data", attestation.UserData);
                ValidateField("nonce", attestation.Nonce);
                ValidateField("public_key", attestation.PublicKey);
                break;
            default:
                break;
        }
    }

    private static void ValidateIndex(ushort index)
    {
        if (index >= NsmLimits.PcrCount)
        {
            throw new NsmException(NsmErrorCode.InvalidIndex, $"NSM PCR index {index} is not below {NsmLimits.PcrCount}");
        }
    }

    private static void ValidateField(string name, ReadOnlyMemory<byte>? value)
    {
        if (value is { Length: > NsmLimits.MaxAttestationFieldLength } bytes)
        {
            throw new NsmException(NsmErrorCode.InputTooLarge, $"NSM Attestation {name} of {bytes.Length} bytes is larger than {NsmLimits.MaxAttestationFieldLength}");
        }
    }

    private static NsmException TooLarge(int length) =>
        new(NsmErrorCode.InputTooLarge, $"NSM request of {length} bytes is larger than {NsmLimits.MaxRequestLength}");
}
