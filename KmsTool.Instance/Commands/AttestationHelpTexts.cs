namespace KmsTool.Instance.Commands;

/// <summary>The help of the commands that get and verify attestation documents.</summary>
internal static class AttestationHelpTexts
{
    /// <summary>The options of <see cref="VerificationOptions"/>.</summary>
    private const string Expectations = """
          --pcr N=HEX            a measurement that it must have, 96 hexadecimal digits;
                                 repeatable. PCR0 is the image: 'kmstool-instance
                                 measure' and 'nitro-cli describe-eif' print it.
                                 Without any, every enclave's document passes
          --root FILE            the certificate to lead to, PEM or DER, in place of
                                 AWS's, which this program knows by its fingerprint
          --simulator DIR        that of a kmstool-simulator: nsm-root.pem in DIR
        """;

    public const string Attest = $$"""
        Prints an attestation document of a running enclave, which the Nitro Secure
        Module signs: COSE_Sign1 with the enclave's measurements, the nonce and the
        user data. With --verify, also checks that it is right.

        Usage:
          kmstool-instance attest --cid CID [options]

        {{EnclaveHelpTexts.Enclave}}

        The document:
          --nonce HEX            proves that the document is fresh, up to 1024 bytes;
                                 'random' for 32 bytes of this program's choice. It is
                                 repeated on stderr
          --user-data HEX        data to be signed, up to 1024 bytes. It proves nothing
                                 about the enclave: whoever reaches it can choose it

        Its verification:
          --verify               verifies it, with the nonce (a random one if none is
                                 given) and the user data; 1 if it is not valid
        {{Expectations}}

        The result:
          --output FORMAT        base64 (default), raw (the bytes only) or json
                                 ({"Document":base64}). With --verify: text (default),
                                 what the document says, json the same and the
                                 document, base64 or raw the document if it is valid

        {{EnclaveHelpTexts.Other}}

        Examples:
          kmstool-instance attest --cid 16 --nonce random --output raw >document.cbor
          kmstool-instance attest --cid 16 --nonce random --verify --pcr 0=$PCR0

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    public const string Verify = $$"""
        Verifies an attestation document of a Nitro enclave: its form, its chain to the
        root of AWS, its signature and what is expected of it. Prints what it says.
        Needs no network and no enclave; runs on any system.

        Usage:
          kmstool-instance verify-attestation [options] [FILE]

        FILE holds the document, at most 16 KiB: its bytes (COSE_Sign1), base64 or
        base64url of them with or without padding, hexadecimal digits with or without
        0x, or a JSON object whose one string member holds one of these texts. Line
        breaks in a text are ignored. If FILE is omitted or -, stdin is read.

        What is expected:
          --nonce HEX            the nonce that it was asked for with: proves that it
                                 was made since
          --user-data HEX        the user data
          --max-age SECONDS      how old it may be, up to 86400; without, its
                                 certificate is a bound of about three hours
          --at TIME              verifies as of that time, not now: RFC 3339, as
                                 2026-03-14T15:09:26Z
        {{Expectations}}

        The result:
          --output FORMAT        text (default) or json, which also holds the reason
                                 where the document is not valid ("Failure", "Reason")
          -h, --help             this text

        An enclave in debug mode, whose PCR0 is all zeros, is announced on stderr.

        Examples:
          kmstool-instance verify-attestation --pcr 0=$PCR0 --nonce $NONCE document.cbor
          kmstool-instance verify-attestation --max-age 300 --output json <document.b64
          kmstool-instance verify-attestation --simulator /tmp/sim document.cbor

        Exit codes:
          0 valid
          1 not valid, the reason is on stderr; or the result could not be written
          2 wrong usage; a file cannot be read

        """;
}
