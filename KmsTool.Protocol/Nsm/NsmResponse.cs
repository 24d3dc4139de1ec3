using System.Formats.Cbor;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A response of the Nitro Secure Module; it mirrors <see cref="NsmRequest"/> in name and form
/// (aws-nitro-enclaves-nsm-api, <c>Response</c>).
/// </summary>
internal abstract record NsmResponse
{
    private NsmResponse()
    {
    }

    /// <summary>What the module is.</summary>
    /// <param name="VersionMajor">Major version of the module.</param>
    /// <param name="VersionMinor">Minor version of the module.</param>
    /// <param name="VersionPatch">Patch version of the module.</param>
    /// <param name="ModuleId">Identifier of the enclave's module, at most 256 bytes of UTF-8.</param>
    /// <param name="MaxPcrs">Number of PCRs.</param>
    /// <param name="LockedPcrs">Indices of the read-only PCRs, at most 32 of them.</param>
    /// <param name="Digest">Hash that PCRs are extended with: <c>SHA384</c>.</param>
    public sealed record DescribeNsm(
        ushort VersionMajor,
        ushort VersionMinor,
        ushort VersionPatch,
        string ModuleId,
        ushort MaxPcrs,
        IReadOnlyList<ushort> LockedPcrs,
        string Digest) : NsmResponse;

    /// <summary>The state of one PCR.</summary>
    /// <param name="Lock">Whether it is read-only.</param>
    /// <param name="Data">Its value, 48 bytes with SHA-384.</param>
    public sealed record DescribePcr(bool Lock, ReadOnlyMemory<byte> Data) : NsmResponse;

    /// <summary>A PCR was extended.</summary>
    /// <param name="Data">Its new value.</param>
    public sealed record ExtendPcr(ReadOnlyMemory<byte> Data) : NsmResponse;

    /// <summary>A PCR was locked.</summary>
    public sealed record LockPcr : NsmResponse;

    /// <summary>A range of PCRs was locked.</summary>
    public sealed record LockPcrs : NsmResponse;

    /// <summary>An attestation document was made.</summary>
    /// <param name="Document">The COSE_Sign1 structure; AttestationVerifier verifies it.</param>
    public sealed record Attestation(ReadOnlyMemory<byte> Document) : NsmResponse;

    /// <summary>Random bytes.</summary>
    /// <param name="Random">At most 256 bytes.</param>
    public sealed record GetRandom(ReadOnlyMemory<byte> Random) : NsmResponse;

    /// <summary>The module refused.</summary>
    /// <param name="Code">Why.</param>
    public sealed record Error(NsmErrorCode Code) : NsmResponse;

    /// <summary>The response as CBOR.</summary>
    /// <exception cref="NsmException">A part or the whole breaks a limit of <see cref="NsmLimits"/>.</exception>
    public byte[] Encode()
    {
        Validate();
        var writer = new CborWriter(CborConformanceMode.Strict);
        NsmResponseCodec.Write(writer, this);
        return writer.BytesWritten <= NsmLimits.MaxResponseLength ? writer.Encode() : throw TooLarge(writer.BytesWritten);
    }

    /// <summary>
    /// Decodes a response as strictly as <see cref="NsmRequest.Decode"/> does a request. The result does not refer to
    /// <paramref name="encoded"/>.
    /// </summary>
    /// <exception cref="NsmException">Not a response.</exception>
    public static NsmResponse Decode(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > NsmLimits.MaxResponseLength)
        {
            throw TooLarge(encoded.Length);
        }
        NsmResponse response = NsmResponseCodec.Read(encoded.ToArray());
        response.Validate();
        return response;
    }

    private void Validate()
    {
        switch (this)
        {
            case DescribePcr describe:
                ValidatePcr(describe.Data);
                break;
            case ExtendPcr extend:
                ValidatePcr(extend.Data);
                break;
            case GetRandom { Random.Length: > NsmLimits.MaxRandomLength } random:
                throw new NsmException(NsmErrorCode.InvalidResponse, $"NSM GetRandom answer of {random.Random.Length} bytes is larger than {NsmLimits.MaxRandomLength}");
            case DescribeNsm { LockedPcrs.Count: > NsmLimits.PcrCount } description:
                throw new NsmException(NsmErrorCode.InvalidResponse, $"NSM DescribeNSM lists {description.LockedPcrs.Count} locked PCRs, more than {NsmLimits.PcrCount}");
            default:
                break;
        }
    }

    private static void ValidatePcr(ReadOnlyMemory<byte> value)
    {
        if (value.Length > NsmLimits.MaxPcrLength)
        {
            throw new NsmException(NsmErrorCode.InvalidResponse, $"NSM PCR of {value.Length} bytes is larger than {NsmLimits.MaxPcrLength}");
        }
    }

    private static NsmException TooLarge(int length) =>
        new(NsmErrorCode.InvalidResponse, $"NSM response of {length} bytes is larger than {NsmLimits.MaxResponseLength}");
}
