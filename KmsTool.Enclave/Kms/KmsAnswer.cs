using KmsTool.Protocol;

namespace KmsTool.Enclave.Kms;

/// <summary>What KMS said: a plaintext, which the caller owns, or a refusal.</summary>
internal abstract record KmsAnswer
{
    private KmsAnswer()
    {
    }

    /// <summary>The operation's plaintext, opened with the recipient key; may be empty.</summary>
    public sealed record Opened(SensitiveBytes Plaintext) : KmsAnswer;

    /// <summary>KMS's own error.</summary>
    /// <param name="Status">HTTP status.</param>
    /// <param name="Code">Exception name, without its namespace.</param>
    /// <param name="Message">KMS's text, shortened.</param>
    public sealed record Refused(int Status, string Code, string Message) : KmsAnswer
    {
        /// <summary>Whether trying again may help: throttling, and faults on KMS's side.</summary>
        public bool IsTransient => Status is 429 or >= 500
            || Code is "ThrottlingException" or "KeyUnavailableException" or "DependencyTimeoutException" or "KMSInternalException";

        /// <summary>Whether the time in the signature may be what KMS minds.</summary>
        public bool MayBeClockSkew => Code is "InvalidSignatureException" or "RequestExpired" or "RequestTimeTooSkewed";
    }
}
