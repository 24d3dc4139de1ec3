using System.Text.Json.Serialization;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Asks for an attestation document over data of the caller's choice. Needs no SetClient. An extension.
/// </summary>
/// <remarks>
/// The document never carries a public key: with one of the caller's, KMS would encrypt its responses to the caller.
/// </remarks>
public sealed record AttestCommand : EnclaveCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "Attest";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>The proof of freshness for the party that chose it; at most 1,024 bytes.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>
    /// Data of the caller, at most 1,024 bytes. The document does not show that the caller chose it: a verifier must not take it for a
    /// statement of the enclave.
    /// </summary>
    public ReadOnlyMemory<byte>? UserData { get; init; }

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static AttestCommand Read(CommandMembers members) => members.Has("PublicKey")
        // Not ignored as other unknown members are: a caller who expects it to be attested must not think it was.
        ? throw new InvalidMemberException("PublicKey is wrong: the enclave attests no key but its own, to KMS")
        : new AttestCommand
        {
            Nonce = members.Bytes("Nonce", 0, NsmLimits.MaxAttestationFieldLength),
            UserData = members.Bytes("UserData", 0, NsmLimits.MaxAttestationFieldLength),
        };
}

/// <summary>The response to an <see cref="AttestCommand"/>.</summary>
public sealed record AttestResponse : EnclaveResponse
{
    /// <summary>The attestation document, COSE_Sign1.</summary>
    public required ReadOnlyMemory<byte> Document { get; init; }
}
