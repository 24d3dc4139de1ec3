using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The enclave's answer to one command.</summary>
public sealed record Reply
{
    /// <summary><see cref="Status"/> of a command that was carried out.</summary>
    public const string Ok = "Ok";

    /// <summary><see cref="Status"/> of a command that was not.</summary>
    public const string Error = "Error";

    /// <summary><see cref="Ok"/> or <see cref="Error"/>.</summary>
    public required string Status { get; init; }

    /// <summary>What went wrong. What was carried out is answered with a <see cref="SuccessReply"/>.</summary>
    public string? Message { get; init; }

    /// <summary>Machine-readable name of the error: one of <see cref="ErrorCodes"/>, or KMS's exception name. An extension.</summary>
    public string? Code { get; init; }

    /// <summary>An error reply.</summary>
    public static Reply Failed(string message, string code) => new() { Status = Error, Message = message, Code = code };
}

/// <summary>The answer to a command that was carried out. Members have the names of the AWS KMS API Reference.</summary>
[SuppressMessage("Design", "CA1063:Implement IDisposable Correctly", Justification = "There is nothing unmanaged.")]
[SuppressMessage("Usage", "CA1816:Dispose methods should call SuppressFinalize", Justification = "There are no finalizers.")]
public abstract record SuccessReply : IDisposable
{
    /// <summary>Always <see cref="Reply.Ok"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Status { get; init; } = Reply.Ok;

    private protected virtual SensitiveBytes? Secret => null;

    /// <summary>Never prints what it holds.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Clears the secret, if there is one.</summary>
    public void Dispose() => Secret?.Dispose();
}

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
