using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="KmsCommand"/>: with the secret that KMS gave, unless the enclave is pinned not to give it.</summary>
public abstract record SecretReply : SuccessReply
{
    /// <summary>
    /// SHA-256 of the secret, 64 lowercase hexadecimal digits, in place of the secret itself; only where the enclave is
    /// pinned to it.
    /// </summary>
    [JsonPropertyOrder(2)]
    public string? Sha256 { get; init; }

    /// <summary>True where the enclave is pinned not to give the secret itself; else absent.</summary>
    [JsonPropertyOrder(3)]
    public bool? Withheld { get; init; }

    /// <summary>Whether the secret is there, or said to be withheld.</summary>
    internal bool IsWhole => Secret is not null || Withheld == true;
}
