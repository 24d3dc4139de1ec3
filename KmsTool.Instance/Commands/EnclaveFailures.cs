using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Gives the failures of a connection to an enclave their exit codes and the advice that names options.</summary>
internal static class EnclaveFailures
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

    public static CommandFailedException Describe(EnclaveException failure) => failure.Failure switch
    {
        EnclaveFailure.CouldNotConnect => new CommandFailedException(
            ExitCode.CouldNotConnect,
            $"{failure.Message} Is it running? See 'nitro-cli describe-enclaves', and compare --cid and --port.",
            failure),
        EnclaveFailure.SocketNotAvailable => new CommandFailedException(ExitCode.CouldNotConnect, failure.Message, failure),
        EnclaveFailure.Refused => new CommandFailedException(
            ExitCode.OperationFailed,
            AdviceFor(failure.EnclaveMessage, failure.Code) is { } advice ? $"{failure.Message} {advice}." : failure.Message,
            failure),
        EnclaveFailure.TimedOut => ProtocolBroken($"{failure.Message.TrimEnd('.')} (--timeout).", failure),
        _ => ProtocolBroken(failure.Message, failure),
    };

    private static CommandFailedException ProtocolBroken(string message, EnclaveException failure) =>
        new(ExitCode.ProtocolBroken, $"{message} In debug mode 'nitro-cli console' shows what it logs.", failure);

    /// <returns>A sentence without its full stop, or <see langword="null"/>.</returns>
    private static string? AdviceFor(string? message, string? code)
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
