namespace KmsTool.Instance.Commands;

/// <summary>The help of the commands that need no KMS, and what the help of all that talk to an enclave has in common.</summary>
internal static class EnclaveHelpTexts
{
    /// <summary>The options of <see cref="EnclaveClientOptions"/> that say where the enclave is.</summary>
    public const string Enclave = """
        The enclave:
          -c, --cid CID          its CID, which 'nitro-cli describe-enclaves' prints;
                                 or an address: vsock:CID:PORT, unix:/path,
                                 tcp:HOST:PORT
          -p, --port PORT        its vsock port (default 3000)
        """;

    /// <summary>The other options of <see cref="EnclaveClientOptions"/>.</summary>
    public const string Other = """
        Other:
          --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)
          --timeout SECONDS      bounds the search for credentials and assuming a role
                                 (10 each at most), connecting, and each reply
                                 (default 60)
          --log-level LEVEL      trace, debug, information, warning (default), error or
                                 none; goes to stderr, and no level shows a secret
          --debug                the same as --log-level debug
          -h, --help             this text
        """;

    public const string ExitCodes = """
        Exit codes (under the name kmstool_instance 0 and 1 only):
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
        pins, limits and counters. That is not signed: to be sure of a measurement,
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
}
