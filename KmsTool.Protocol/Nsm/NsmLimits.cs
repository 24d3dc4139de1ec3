namespace KmsTool.Protocol.Nsm;

/// <summary>Sizes that the Nitro Secure Module fixes (Linux <c>drivers/misc/nsm.c</c>, aws-nitro-enclaves-nsm-api).</summary>
internal static class NsmLimits
{
    /// <summary>Largest encoded request in bytes; the driver refuses more with EMSGSIZE.</summary>
    public const int MaxRequestLength = 4096;

    /// <summary>Largest encoded response in bytes: the size of the driver's response buffer.</summary>
    public const int MaxResponseLength = 12288;

    /// <summary>Number of platform configuration registers; indices run from 0 to 31.</summary>
    public const int PcrCount = 32;

    /// <summary>Largest PCR value in bytes (SHA-512). Today's devices use SHA-384, 48 bytes.</summary>
    public const int MaxPcrLength = 64;

    /// <summary>Largest user data, nonce or public key of an attestation request, in bytes each.</summary>
    public const int MaxAttestationFieldLength = 1024;

    /// <summary>Most random bytes in one response to GetRandom.</summary>
    public const int MaxRandomLength = 256;

    /// <summary>Longest module identifier in bytes; real ones have about 40.</summary>
    internal const int MaxModuleIdLength = 256;

    /// <summary>Longest name of an operation, a member or an error, in bytes.</summary>
    internal const int MaxNameLength = 64;
}
