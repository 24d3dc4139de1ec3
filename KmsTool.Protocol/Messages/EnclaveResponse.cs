using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// The response of an enclave to a command that was carried out. Members have the names of the AWS KMS API Reference. Dispose of it: that
/// clears the secret that it may hold.
/// </summary>
[SuppressMessage("Design", "CA1063:Implement IDisposable Correctly", Justification = "There is nothing unmanaged.")]
[SuppressMessage("Usage", "CA1816:Dispose methods should call SuppressFinalize", Justification = "There are no finalizers.")]
public abstract record EnclaveResponse : IDisposable
{
    /// <summary><see cref="Status"/> of a command that was carried out.</summary>
    internal const string Ok = "Ok";

    /// <summary><see cref="Status"/> of a command that was refused.</summary>
    internal const string Error = "Error";

    private protected EnclaveResponse()
    {
    }

    /// <summary>Gets the status on the wire: always <c>Ok</c>, as a refusal is an <see cref="EnclaveException"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Status { get; init; } = Ok;

    private protected virtual SensitiveBytes? Secret => null;

    /// <summary>Gets the name of the type; never prints what the response holds.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Clears the secret, if there is one.</summary>
    public void Dispose() => Secret?.Dispose();

    /// <summary>Whether both are the same object: byte strings and dictionaries have no equality of content.</summary>
    public virtual bool Equals(EnclaveResponse? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
}

/// <summary>A response without content: an error, or the success of a command that returns nothing.</summary>
internal sealed record StatusResponse : EnclaveResponse
{
    /// <summary>What went wrong; it starts with one of <see cref="ErrorTexts"/>.</summary>
    public string? Message { get; init; }

    /// <summary>Machine-readable name of the error: one of <see cref="ErrorCodes"/>, or the name of an exception of KMS. An extension.</summary>
    public string? Code { get; init; }

    /// <summary>Makes the response to a command that is refused.</summary>
    public static StatusResponse Failed(string message, string code) => new() { Status = Error, Message = message, Code = code };
}

/// <summary>
/// The response to a <see cref="KmsCommand"/>: it holds the secret that KMS gave, unless the enclave is pinned not to give it
/// (<c>--reply</c> of kmstool-enclave).
/// </summary>
public abstract record SecretResponse : EnclaveResponse
{
    private protected SecretResponse()
    {
    }

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
