using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Asks for an attestation document over data of the caller's choice. Needs no SetClient. An extension.
/// </summary>
/// <remarks>
/// The document never carries a public key: with one of the caller's, KMS would encrypt its answers to the caller.
/// </remarks>
public sealed record AttestCommand : Command
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "Attest";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>Proves freshness to whoever chose it; at most <see cref="Nsm.NsmLimits.MaxAttestationFieldLength"/> bytes.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>
    /// Comes from the caller, which the document does not show: whoever verifies must not take it for the enclave's own
    /// words. At most <see cref="Nsm.NsmLimits.MaxAttestationFieldLength"/> bytes.
    /// </summary>
    public ReadOnlyMemory<byte>? UserData { get; init; }
}
