using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>What to do about an error that an enclave reports.</summary>
internal static class EnclaveErrorAdvice
{
    // An enclave that says why gives a code; the original gives only its text, so that is looked at second.
    private static readonly (string Code, string Advice)[] ByCode =
    [
        (ErrorCodes.KmsUnreachable, "Check that vsock-proxy runs on the parent and reaches KMS"),
        (ErrorCodes.KmsTlsFailed, "Check that vsock-proxy connects to KMS of the same region as --region"),
        (ErrorCodes.KmsTimeout, "Check that vsock-proxy reaches KMS, and try again"),
        (ErrorCodes.AttestationUnavailable, "Check that the program runs in a Nitro enclave with /dev/nsm"),
        ("AccessDeniedException", "Compare the key policy's kms:RecipientAttestation conditions with the enclave's PCRs (all zeros in debug mode), and its principal with this role"),
        ("InvalidCiphertextException", "Check --encryption-context, --region and that the ciphertext is whole"),
        ("IncorrectKeyException", "Another key than --key-id names made the ciphertext"),
        ("ExpiredTokenException", "The credentials have expired; get new ones"),
        ("UnrecognizedClientException", "KMS does not know these credentials; check which ones are found first"),
        ("InvalidSignatureException", "Check --region, the secret access key, and the enclave's clock"),
    ];

    private static readonly (string Text, string Advice)[] ByText =
    [
        (ErrorTexts.NoClient, "Check that vsock-proxy runs on the parent and connects to KMS of the same region as --region"),
        (ErrorTexts.RegionConflict, "The enclave was started with a region: leave --region away"),
        (ErrorTexts.NotDecrypted, "Check the key policy against the enclave's PCRs (all zeros in debug mode), --region and --encryption-context"),
        (ErrorTexts.NotJson, "The message may be longer than this enclave takes"),
    ];

    /// <summary>A sentence without its full stop, or <see langword="null"/>.</summary>
    public static string? For(string? message, string? code)
    {
        foreach ((string known, string advice) in ByCode)
        {
            if (known == code)
            {
                return advice;
            }
        }

        foreach ((string text, string advice) in ByText)
        {
            if (message?.StartsWith(text, StringComparison.Ordinal) == true)
            {
                return advice;
            }
        }

        return null;
    }
}
