namespace KmsTool.Protocol.Recipient;

/// <summary>
/// A CiphertextForRecipient cannot be opened. Why is not said, so that nobody learns anything about the key or the
/// padding from it: there is one message and no inner exception.
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
