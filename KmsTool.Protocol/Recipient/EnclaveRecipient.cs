using KmsTool.Protocol.Nsm;

namespace KmsTool.Protocol.Recipient;

/// <summary>
/// The recipient of KMS responses in an enclave: an RSA-2048 key pair whose public key is attested. KMS encrypts the result of Decrypt,
/// GenerateDataKey, GenerateDataKeyPair, GenerateRandom and DeriveSharedSecret to it (AWS KMS API Reference, <c>Recipient</c> and
/// <c>CiphertextForRecipient</c>). The private key never leaves the process. Safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>
/// Set <c>Recipient</c> of a request to the document of <see cref="AttestAsync"/> and to <see cref="KeyEncryptionAlgorithm"/>, send the
/// request to KMS, and pass <c>CiphertextForRecipient</c> of the response to <see cref="Open"/>.
/// </para>
/// <para>
/// The public key is not a secret, so any party can make an envelope that opens. What proves that KMS made it is a TLS connection that
/// ends in the enclave and accepts no trust anchors but those of the measured image.
/// </para>
/// </remarks>
public sealed class EnclaveRecipient : IDisposable
{
    /// <summary>The only value of <c>KeyEncryptionAlgorithm</c> of a recipient: <c>RSAES_OAEP_SHA_256</c>.</summary>
    public const string KeyEncryptionAlgorithm = "RSAES_OAEP_SHA_256";

    /// <summary>The largest <c>CiphertextForRecipient</c> in bytes (AWS KMS API Reference).</summary>
    public const int MaxCiphertextLength = RecipientKeyPair.MaxEnvelopeLength;

    private readonly NsmClient _nsm;
    private readonly RecipientKeyPair _key;

    private EnclaveRecipient(NsmClient nsm, RecipientKeyPair key)
    {
        _nsm = nsm;
        _key = key;
    }

    /// <summary>Gets the public key, DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), 294 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey => _key.PublicKey;

    /// <summary>Creates a recipient with a new key pair, which takes 45 to 350 ms of CPU time. Create one for many requests.</summary>
    /// <param name="nsm">Attests the public key; disposing of it stays with the caller.</param>
    public static EnclaveRecipient Create(NsmClient nsm)
    {
        ArgumentNullException.ThrowIfNull(nsm);
        return new EnclaveRecipient(nsm, RecipientKeyPair.Generate());
    }

    /// <summary>
    /// Gets a new attestation document for the public key. One document may serve several requests: kmstool-enclave uses one for 30 seconds.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for the module.</param>
    /// <returns>The document, COSE_Sign1, at most 12,288 bytes.</returns>
    /// <exception cref="NsmException">The module refused.</exception>
    /// <exception cref="IOException">The module cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<byte[]> AttestAsync(CancellationToken cancellationToken = default) =>
        _nsm.AttestAsync(publicKey: PublicKey, cancellationToken: cancellationToken);

    /// <summary>
    /// Opens a <c>CiphertextForRecipient</c>: CMS EnvelopedData (RFC 5652 section 6) in the form that KMS sends, at most
    /// <see cref="MaxCiphertextLength"/> bytes.
    /// </summary>
    /// <param name="ciphertextForRecipient">The value of the response of KMS, not encoded in base64.</param>
    /// <returns>The plaintext, which may be empty; the caller disposes of it.</returns>
    /// <exception cref="RecipientEnvelopeException">It cannot be opened with this key. The exception does not say why.</exception>
    /// <exception cref="ObjectDisposedException">The recipient has been disposed.</exception>
    public SensitiveBytes Open(ReadOnlyMemory<byte> ciphertextForRecipient) => _key.Open(ciphertextForRecipient);

    /// <summary>Destroys the private key. A call of <see cref="Open"/> under way finishes or throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _key.Dispose();
}
