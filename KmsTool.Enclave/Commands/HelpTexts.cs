namespace KmsTool.Enclave.Commands;

/// <summary>The program's help.</summary>
internal static class HelpTexts
{
    private const string Serve = """
        Runs inside a Nitro enclave and uses KMS keys for the parent instance, under
        this enclave's attestation: KMS answers to a key that never leaves this
        process, and only if the KMS key's policy admits this enclave image.

        Usage:
          kmstool-enclave [serve] [options]
          kmstool-enclave COMMAND [options]   for a program inside the enclave:
            decrypt, genkey, genrandom, generate-data-key-pair, derive-shared-secret
          kmstool-enclave run [options] -- COMMAND   an application whose AWS SDK uses
                                 KMS under attestation without knowing; see its --help
          kmstool-enclave kms-proxy [options]        the same for applications that
                                 something else starts

        The parent instance:
          -p, --port PORT        vsock port to listen on (default 3000)
              --listen ADDRESS   the same in full: vsock:PORT, unix:/path,
                                 tcp:127.0.0.1:PORT (port 0: any free)

        Pins, which the parent cannot change, as they are in the measured image. The
        variables KMSTOOL_ALLOW_KEY, KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT,
        KMSTOOL_OPERATIONS (lists with commas), KMSTOOL_REFUSE_DEBUG_MODE,
        KMSTOOL_REFUSE_CLOCK_SKEW and KMSTOOL_REFUSE_OTHER_RANDOM_SOURCE (true) hold in
        addition:
          --allow-key ARN...     the only KMS keys that are used. KMS gets the ARN as
                                 KeyId, and an answer of another key is refused
          --require-encryption-context NAME[=VALUE]...
                                 what each encryption context must have
          --operations LIST...   the only operations besides SetClient: Decrypt,
                                 GenerateDataKey, GenerateDataKeyPair, GenerateRandom,
                                 DeriveSharedSecret, Describe, Attest
          --reply WHAT           what leaves the enclave of a secret: plaintext
                                 (default), sha256 or none
          --refuse-debug-mode    does not start where PCR0 is all zeros
          --refuse-clock-skew    does not start where the clock is off by more than a
                                 minute, and ends when it becomes so
          --refuse-other-random-source
                                 does not start where the kernel's random numbers do
                                 not come from nsm-hwrng
          -r, --region REGION    the region; a SetClient that names one is refused.
                                 Else REGION, else what the instance names, else
                                 us-east-1
          --kms-endpoint HOST[:PORT]
                                 the endpoint whose name TLS must prove, such as a VPC
                                 endpoint's; else ENDPOINT, AWS_ENDPOINT_URL_KMS, else
                                 the region's own
          --fips                 the region's own is kms-fips.REGION.SUFFIX; also
                                 AWS_USE_FIPS_ENDPOINT=true

        KMS:
          -x, --proxy-port PORT  vsock port of the parent's vsock-proxy, which relays to
                                 KMS (default 8000)
              --proxy ADDRESS    the same in full (default vsock:3:8000)
              --proxy-mode MODE  fixed (default): the proxy leads to KMS; connect: it is
                                 asked for KMS's host (CONNECT)
          --ca-bundle FILE       PEM file of the only trust anchors; else AWS_CA_BUNDLE,
                                 SSL_CERT_FILE, else the distribution's, such as
                                 /etc/ssl/certs/ca-certificates.crt

        Attestation:
          --nsm PATH|ADDRESS     the Nitro Secure Module; else KMSTOOL_NSM, else
                                 /dev/nsm; unix:/path for a simulator's
          --attestation-ttl SECONDS
                                 how long an attestation document is reused (default
                                 30; 0: a new one for every call)
          --key-lifetime SECONDS how long a recipient key is used (default 3600,
                                 at least 60)

        Limits:
          --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)
          --max-message-size BYTES
                                 longest message (default 65536)
          --message-budget BYTES for the messages and replies of all connections
                                 together (default 33554432); further messages wait up
                                 to --request-timeout, then they are refused
          --max-connections N    open at once (default 16384)
          --max-pending N        commands of one connection at once (default 16)
          --idle-timeout SECONDS how long a whole message may take (default 300)
          --request-timeout SECONDS
                                 how long a command may take (default 30)
          --send-timeout SECONDS how long the instance may take to receive a reply
                                 (default 30)
          --drain-timeout SECONDS
                                 for commands under way at SIGTERM (default 10)

        Other:
          --log-level LEVEL      trace, debug, information (default), warning, error or
                                 none; goes to stderr, and no level shows a secret
          --debug                the same as --log-level debug
          -h, --help             this text
          --version              the version

        At start it seeds the kernel's random generator and OpenSSL's from the Nitro
        Secure Module, brings the interface lo up, and warns of debug mode, of another
        random source than nsm-hwrng and of a clock that is off by more than a minute.
        It compares the clock with the module's again every 5 minutes. Prints
        'ready ADDRESS' on stdout when it listens; runs until SIGTERM.

        Examples:
          kmstool-enclave --region eu-central-1 \
            --allow-key arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-...
          kmstool-enclave serve --listen unix:/tmp/enclave.sock \
            --proxy unix:/tmp/kms.sock --nsm unix:/tmp/sim/nsm.sock \
            --ca-bundle /tmp/sim/ca.pem

        Exit codes:
          0 stopped by a signal
          1 what --refuse-debug-mode, --refuse-clock-skew or
            --refuse-other-random-source refuses
          2 wrong usage
          4 the Nitro Secure Module or the address cannot be used

        """;

    public static IReadOnlyDictionary<string, string> ByCommand { get; } = new Dictionary<string, string>
    {
        [""] = Serve,
        [ServeCommandLine.Name] = Serve,
        [KmsProxyCommandLine.Name] = ServicesHelp.KmsProxy,
        [RunCommandLine.Name] = ServicesHelp.Run,
        [KmsCommandLine.Decrypt] = KmsHelpTexts.Decrypt,
        [KmsCommandLine.GenerateDataKey] = KmsHelpTexts.GenerateDataKey,
        [KmsCommandLine.GenerateRandom] = KmsHelpTexts.GenerateRandom,
        [KmsCommandLine.GenerateDataKeyPair] = KmsHelpTexts.GenerateDataKeyPair,
        [KmsCommandLine.DeriveSharedSecret] = KmsHelpTexts.DeriveSharedSecret,
    };

    /// <summary>What the program prints under the name <c>kmstool_enclave_cli</c>.</summary>
    public static IReadOnlyDictionary<string, string> OfOriginalCommandLine { get; } =
        new Dictionary<string, string>(ByCommand) { [""] = KmsHelpTexts.OriginalCommandLine };
}
