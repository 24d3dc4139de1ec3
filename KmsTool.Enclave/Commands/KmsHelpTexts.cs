namespace KmsTool.Enclave.Commands;

/// <summary>The help of the commands for a program inside the enclave.</summary>
internal static class KmsHelpTexts
{
    /// <summary>That of the program under the name kmstool_enclave_cli.</summary>
    public const string OriginalCommandLine = $$"""
        Uses KMS for a program inside this enclave, under the enclave's attestation, with
        the commands of the AWS sample's kmstool_enclave_cli and two more.

        Usage:
          kmstool_enclave_cli COMMAND [options]   each has a --help:
            decrypt, genkey, genrandom, generate-data-key-pair, derive-shared-secret

        The last of an option that is given twice counts.

        Examples:
          kmstool_enclave_cli decrypt --region us-east-1 --proxy-port 8000 \
            --aws-access-key-id "$ID" --aws-secret-access-key "$SECRET" \
            --aws-session-token "$TOKEN" --ciphertext "$CIPHERTEXT"

        {{ExitCodes}}

        """;

    public const string Decrypt = $$"""
        Decrypts a KMS ciphertext for a program inside this enclave, under the enclave's
        attestation. Takes the arguments of kmstool_enclave_cli, and is it when started
        under that name.

        Usage:
          kmstool-enclave decrypt --ciphertext BASE64 [options]

        What to decrypt:
          -c, --ciphertext BASE64
                                 KMS's CiphertextBlob, 1 to 6144 bytes; or
                                 file://PATH of a file that holds the base64, or
                                 fileb://PATH of one that holds the bytes
        {{Context}}
          -K, --key-id KEY       key id, ARN or alias that must have made it; needed
                                 for asymmetric keys. An answer of another key than an
                                 ARN given here is refused
          -a, --encryption-algorithm NAME
                                 SYMMETRIC_DEFAULT (default), RSAES_OAEP_SHA_1 or
                                 RSAES_OAEP_SHA_256
        {{Grant}}

        {{Common}}

        Prints:
          PLAINTEXT: <base64>

        Examples:
          kmstool_enclave_cli decrypt --region us-east-1 --proxy-port 8000 \
            --aws-access-key-id "$ID" --aws-secret-access-key "$SECRET" \
            --aws-session-token "$TOKEN" --ciphertext "$CIPHERTEXT"
          kmstool-enclave decrypt --credentials-fd 3 3<credentials.json \
            -e Purpose=demo --ciphertext "$CIPHERTEXT"

        {{ExitCodes}}

        """;

    public const string GenerateDataKey = $$"""
        Has KMS generate a data key for a program inside this enclave, under the
        enclave's attestation.

        Usage:
          kmstool-enclave genkey --key-id KEY --key-spec SPEC [options]

        What to generate:
          -K, --key-id KEY       the symmetric key that encrypts the data key: key id,
                                 ARN or alias
          -p, --key-spec SPEC    AES-256 or AES-128
          --number-of-bytes N    another length, 1 to 1024, in place of --key-spec
        {{Context}}
        {{Grant}}

        {{Common}}

        Prints the encrypted data key, to be stored, and the data key:
          CIPHERTEXT: <base64>
          PLAINTEXT: <base64>

        Examples:
          kmstool_enclave_cli genkey --region us-east-1 --key-id "$KEY" \
            --key-spec AES-256 --aws-access-key-id "$ID" \
            --aws-secret-access-key "$SECRET" --aws-session-token "$TOKEN"

        {{ExitCodes}}

        """;

    public const string GenerateRandom = $$"""
        Has KMS generate random bytes for a program inside this enclave, under the
        enclave's attestation.

        Usage:
          kmstool-enclave genrandom --length N [options]

        What to generate:
          -l, --length N         bytes, 1 to 1024 (also --number-of-bytes)

        {{Common}}

        Prints:
          PLAINTEXT: <base64>

        Examples:
          kmstool_enclave_cli genrandom --region us-east-1 --length 32 \
            --aws-access-key-id "$ID" --aws-secret-access-key "$SECRET" \
            --aws-session-token "$TOKEN"

        {{ExitCodes}}

        """;

    public const string GenerateDataKeyPair = $$"""
        Has KMS generate an asymmetric key pair for a program inside this enclave, under
        the enclave's attestation.

        Usage:
          kmstool-enclave generate-data-key-pair --key-id KEY --key-pair-spec SPEC
            [options]

        What to generate:
          -K, --key-id KEY       the symmetric key that encrypts the private key: key
                                 id, ARN or alias
          --key-pair-spec SPEC   RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256,
                                 ECC_NIST_P384, ECC_NIST_P521, ECC_NIST_EDWARDS25519,
                                 ECC_SECG_P256K1 or SM2, where the region has it
        {{Context}}
        {{Grant}}

        {{Common}}

        Prints the encrypted private key, to be stored, the public key (DER
        SubjectPublicKeyInfo) and the private key (DER PKCS #8):
          CIPHERTEXT: <base64>
          PUBLICKEY: <base64>
          PLAINTEXT: <base64>

        Examples:
          kmstool-enclave generate-data-key-pair --region us-east-1 \
            --key-id "$KEY" --key-pair-spec ECC_NIST_P256

        {{ExitCodes}}

        """;

    public const string DeriveSharedSecret = $$"""
        Has KMS derive the ECDH shared secret of a KMS key and a peer's public key for a
        program inside this enclave, under the enclave's attestation.

        Usage:
          kmstool-enclave derive-shared-secret --key-id KEY --public-key-file FILE
            [options]

        What to derive it of:
          -K, --key-id KEY       the elliptic-curve key, of usage KEY_AGREEMENT: key id,
                                 ARN or alias
          --public-key BASE64    the peer's public key on the same curve, DER
                                 SubjectPublicKeyInfo, 1 to 8192 bytes; file:// and
                                 fileb:// as in the AWS CLI
          --public-key-file FILE the same from a file, DER or PEM
        {{Grant}}

        {{Common}}

        Prints the raw shared secret, which is not yet a key: derive one from it.
          PLAINTEXT: <base64>

        Examples:
          kmstool-enclave derive-shared-secret --region us-east-1 \
            --key-id "$KEY" --public-key-file peer.pem

        {{ExitCodes}}

        """;

    private const string Context = """
          -e, --encryption-context NAME=VALUE
                                 a pair that is bound to the ciphertext; repeatable
        """;

    private const string Grant = """
          --grant-token TOKEN    a grant token; repeatable, up to 10
          --dry-run              KMS checks permissions only, and answers with
                                 DryRunOperationException where they suffice
        """;

    private const string Common = """
        Credentials, else AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN:
          --credentials-fd N     reads them from file descriptor N (0: stdin), JSON as
                                 'aws configure export-credentials' prints it
          -k, --aws-access-key-id ID
          -s, --aws-secret-access-key SECRET
          -t, --aws-session-token TOKEN
                                 as the original takes them; every process in the
                                 enclave can read them in this one's arguments

        KMS:
          -r, --region REGION    else AWS_REGION, AWS_DEFAULT_REGION, else us-east-1
          -x, --proxy-port PORT  vsock port of the parent's vsock-proxy (default 8000)
              --proxy ADDRESS    the same in full: vsock:3:PORT, unix:/path,
                                 tcp:HOST:PORT
              --proxy-mode MODE  fixed (default): it leads to KMS; connect: it is asked
                                 for KMS's host (CONNECT)
          --kms-endpoint HOST[:PORT]
                                 whose name TLS must prove; else ENDPOINT,
                                 AWS_ENDPOINT_URL_KMS, else the region's own
          --fips                 the region's own is the one with FIPS validated TLS
          --ca-bundle FILE       PEM file of the only trust anchors; else AWS_CA_BUNDLE,
                                 SSL_CERT_FILE, else the distribution's, such as
                                 /etc/ssl/certs/ca-certificates.crt
          --nsm PATH|ADDRESS     the Nitro Secure Module; else KMSTOOL_NSM, else
                                 /dev/nsm

        Pins, each with a variable of the image; where both are given, both hold:
          --allow-key ARN...     the only KMS keys that are used. KMS gets the ARN as
                                 KeyId, and an answer of another key is refused; also
                                 KMSTOOL_ALLOW_KEY=ARN,ARN
          --require-encryption-context NAME[=VALUE]...
                                 what each encryption context must have; also
                                 KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT=NAME=VALUE,NAME
          --operations LIST...   the only operations that are carried out, such as
                                 Decrypt,GenerateRandom; also KMSTOOL_OPERATIONS
          --refuse-debug-mode    fails where PCR0 is all zeros; also
                                 KMSTOOL_REFUSE_DEBUG_MODE=true
          --refuse-clock-skew    fails where the clock is off by more than a minute;
                                 also KMSTOOL_REFUSE_CLOCK_SKEW=true
          --refuse-other-random-source
                                 fails where the kernel's random numbers do not come
                                 from nsm-hwrng; also
                                 KMSTOOL_REFUSE_OTHER_RANDOM_SOURCE=true

        Other:
          --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)
          --timeout SECONDS      for all of it (default 30)
          --log-level LEVEL      trace, debug, information, warning (default), error or
                                 none; goes to stderr, and no level shows a secret
          --debug                the same as --log-level debug
          -h, --help             this text
        """;

    private const string ExitCodes = """
        Exit codes (under the name kmstool_enclave_cli 1 for 2 and 3, and 255 for 1, 4,
        5 and what KMS would refuse, such as a ciphertext that is not base64):
          0 success
          1 KMS said no, a pin forbids it, a --refuse option refuses the enclave, or
            the result could not be written
          2 wrong usage
          3 no credentials
          4 no way to KMS or to the Nitro Secure Module
          5 what KMS answered cannot be accepted
        """;
}
