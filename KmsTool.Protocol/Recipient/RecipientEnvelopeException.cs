namespace KmsTool.Protocol.Recipient;

/// <summary>
/// A CiphertextForRecipient cannot be opened. The exception does not say why, as that would tell an attacker about the key or the
/// padding: there is one message and no inner exception.
/// </summary>
public sealed class RecipientEnvelopeException : Exception
{
    /// <summary>The one message.</summary>
    public const string UniformMessage = "CiphertextForRecipient cannot be opened with this enclave's key";

    internal RecipientEnvelopeException()
        : base(UniformMessage)
    {
    }
}
