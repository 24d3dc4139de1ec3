using System.Runtime.CompilerServices;

namespace KmsTool.Protocol.Messages;

/// <summary>What the instance asks of the enclave; one message.</summary>
public abstract record EnclaveCommand
{
    private protected EnclaveCommand()
    {
    }

    /// <summary>The operation's name on the wire; <see langword="null"/> where the message names none that is known.</summary>
    public abstract string? Operation { get; }

    /// <summary>Whether both are the same object: byte strings and dictionaries have no equality of content.</summary>
    public virtual bool Equals(EnclaveCommand? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
}

/// <summary>
/// A command that the enclave has KMS carry out, for itself as the recipient; it needs a SetClient before it. Members have
/// the names that the AWS KMS API Reference gives them, except for the Ciphertext of Decrypt.
/// </summary>
public abstract record KmsCommand : EnclaveCommand
{
    private protected KmsCommand()
    {
    }

    /// <summary>
    /// Whether KMS only checks permissions. If they suffice, KMS refuses with DryRunOperationException. Not for GenerateRandom.
    /// </summary>
    public bool? DryRun { get; init; }

    /// <summary>The operation's name only: keys, contexts and tokens are the caller's business.</summary>
    public sealed override string ToString() => Operation!;
}
