namespace KmsTool.Instance.Commands;

/// <summary>The help of the commands that need no KMS, and what the help of all that talk to an enclave has in common.</summary>
internal static class EnclaveHelpTexts
{
    /// <summary>The options of <see cref="EnclaveArguments"/> that say where the enclave is.</summary>
    public const string Enclave = """
        The enclave:
          -c, --cid CID          its CID, which 'nitro-cli describe-enclaves' prints;
                                 or an address: vsock:CID:PORT, unix:/path,
                                 tcp:HOST:PORT
          -p, --port PORT        its vsock port (default 3000)
        """;

    /// <summary>The other options of <see cref="EnclaveArguments"/>.</summary>
    public const string Other = """
        Other:
          --timeout SECONDS      bounds the search for credentials and assuming a role
                                 (10 each at most), connecting, and each reply
                                 (default 60)
          --log-level LEVEL      trace, debug, information, warning (default), error or
                                 none; goes to stderr, and no level shows a secret
          -h, --help             this text
        """;

    public const string ExitCodes = """
        Exit codes:
          0 success
          1 the enclave or KMS said no (in a batch: to one line at least), or the
            result could not be written
          2 wrong usage
          3 no credentials
          4 could not connect to the enclave
          5 the enclave broke the protocol
        """;

    public const string Describe = $$"""
        Prints what an enclave says of itself: version, uptime, measurements (PCRs),
        pins, limits and counters. Nobody signs that: to be sure of a measurement,
        verify an attestation document.

        Usage:
          kmstool-instance describe --cid CID [options]

        {{Enclave}}

        The result:
          --output FORMAT        text (default) or json

        {{Other}}

        Examples:
          kmstool-instance describe --cid 16
          kmstool-instance describe --cid 16 --output json

        {{ExitCodes}}

        """;

    public const string Attest = $$"""
        Prints an attestation document of a running enclave, which the Nitro Secure
        Module signs: COSE_Sign1 with the enclave's measurements, the nonce and the
        user data.

        Usage:
          kmstool-instance attest --cid CID [options]

        {{Enclave}}

        The document:
          --nonce HEX            proves that the document is fresh, up to 1024 bytes;
                                 'random' for 32 bytes of this program's choice. It is
                                 repeated on stderr
          --user-data HEX        data to be signed, up to 1024 bytes. It proves nothing
                                 about the enclave: whoever reaches it can choose it

        The result:
          --output FORMAT        base64 (default), raw (the bytes only) or json
                                 ({"Document":base64})

        {{Other}}

        Examples:
          kmstool-instance attest --cid 16 --nonce random --output raw >document.cbor

        {{ExitCodes}}

        """;
}
