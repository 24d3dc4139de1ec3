namespace KmsTool.Protocol.Messages;

/// <summary>What an enclave's measured configuration fixes; <see langword="null"/> where it leaves a choice.</summary>
public sealed record EnclavePins
{
    /// <summary>The AWS region.</summary>
    public string? Region { get; init; }

    /// <summary>Host name of KMS, with the port where it is not 443.</summary>
    public string? KmsEndpoint { get; init; }

    /// <summary>Whether the region's own endpoint is the one with FIPS 140 validated TLS.</summary>
    public required bool Fips { get; init; }

    /// <summary>File of the only trust anchors; <see langword="null"/> for those of the image's system.</summary>
    public string? CaBundle { get; init; }

    /// <summary>Whether the enclave does not start in debug mode.</summary>
    public required bool RefuseDebugMode { get; init; }

    /// <summary>Whether the enclave does not start, or ends, where its clock differs from its Nitro Secure Module's.</summary>
    public bool RefuseClockSkew { get; init; }

    /// <summary>Whether the enclave does not start where its random numbers come from elsewhere than its Nitro Secure Module.</summary>
    public bool RefuseOtherRandomSource { get; init; }

    /// <summary>ARNs of the keys that may be used.</summary>
    public IReadOnlyList<string>? AllowKey { get; init; }

    /// <summary>What each encryption context must have: <c>NAME</c> or <c>NAME=VALUE</c>.</summary>
    public IReadOnlyList<string>? RequireEncryptionContext { get; init; }

    /// <summary>The operations that are carried out, besides SetClient.</summary>
    public IReadOnlyList<string>? Operations { get; init; }

    /// <summary>What is answered of a secret: <c>plaintext</c>, <c>sha256</c> or <c>none</c>.</summary>
    public required string Reply { get; init; }
}
