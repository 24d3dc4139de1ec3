namespace KmsTool.Protocol.Images;

/// <summary>The processors that an enclave image is for (bit 0 of the header's <c>flags</c>).</summary>
public enum ImageArchitecture
{
    /// <summary>64-bit x86; the bit is clear.</summary>
    X64,

    /// <summary>64-bit Arm, Graviton; the bit is set.</summary>
    Arm64,
}
