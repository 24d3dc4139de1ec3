namespace KmsTool.Enclave.Commands;

/// <summary>What <c>kms-proxy --help</c> and <c>run --help</c> print.</summary>
internal static class ServicesHelp
{
    private const string Options = """
        The KMS proxy:
              --listen-address IP
                                 a loopback address (default 127.0.0.1); any other only
                                 with --dangerously-expose-plaintexts-to-the-network
          -r, --region REGION    the region; else AWS_REGION, AWS_DEFAULT_REGION, else
                                 that of --allow-key. An application that names another
                                 is refused
              --region-endpoint REGION[=HOST[:PORT]]...
                                 more regions, and where KMS of one is; in enclaver.yaml
                                 kms_proxy.endpoints
              --request-timeout SECONDS
                                 how long a request, and a command of the daemon, may
                                 take (default 30)
              --max-connections N
                                 open at once (default 512)

        Pins are part of the measured image, so the parent cannot change them. The
        variables KMSTOOL_ALLOW_KEY, KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT,
        KMSTOOL_OPERATIONS (lists with commas), KMSTOOL_REFUSE_DEBUG_MODE,
        KMSTOOL_REFUSE_CLOCK_SKEW and KMSTOOL_REFUSE_OTHER_RANDOM_SOURCE (true) apply
        in addition:
              --allow-key ARN... the only KMS keys that are used
              --require-encryption-context NAME[=VALUE]...
                                 what each encryption context must have
              --operations LIST...
                                 the only operations of KMS, such as Decrypt,DescribeKey
              --reply WHAT       what the daemon's replies tell of a secret: plaintext
                                 (default), sha256 or none
              --refuse-debug-mode
                                 does not start where PCR0 is all zeros
              --refuse-clock-skew
                                 does not start where the clock is off by more than a
                                 minute, and ends when it becomes so
              --refuse-other-random-source
                                 does not start where the kernel's random numbers do
                                 not come from nsm-hwrng

        AWS credentials, which stay in the proxy:
              --credentials ORIGIN
                                 environment: AWS_ACCESS_KEY_ID and so on (default where
                                 it is set); imds: the role of the parent instance
                                 (default else), over --egress-proxy or a route to
                                 169.254.169.254:80; push: those that 'kmstool-instance
                                 credentials push' sends to the daemon
              --daemon ADDRESS   also runs the daemon there, such as vsock:3000

        Limits of the daemon, as those of 'kmstool-enclave serve':
              --max-message-size BYTES
                                 longest message (default 65536)
              --message-budget BYTES
                                 for the messages and replies of all connections
                                 together (default 33554432)
              --daemon-max-connections N
                                 open at once (default 16384)
              --max-pending N    commands of one connection at once (default 16)
              --idle-timeout SECONDS
                                 how long a whole message may take (default 300)
              --send-timeout SECONDS
                                 how long the instance may take to receive a reply
                                 (default 30)
              --drain-timeout SECONDS
                                 for commands under way at the end (default 10)

        The way to KMS:
          -x, --proxy-port PORT  vsock port of the parent's vsock-proxy (default 8000)
              --proxy ADDRESS    the same in full (default vsock:3:8000)
              --proxy-mode MODE  fixed (default): the proxy leads to KMS; connect: it is
                                 asked for KMS's host (CONNECT), and egress uses it too
              --kms-endpoint HOST[:PORT]
                                 the endpoint whose name TLS must prove; else ENDPOINT,
                                 AWS_ENDPOINT_URL_KMS, else the region's own
              --fips             the region's own is kms-fips.REGION.SUFFIX
              --ca-bundle FILE   PEM file of the only trust anchors; else AWS_CA_BUNDLE,
                                 SSL_CERT_FILE, else the distribution's, such as
                                 /etc/ssl/certs/ca-certificates.crt

        Egress, an HTTP proxy on 127.0.0.1 for all else; off unless one of these is
        given or enclaver.yaml has a section egress:
              --egress-allow HOST...
                                 where applications may go: names, in which * is any
                                 label and ** any number of them, addresses, networks.
                                 Nowhere by default
              --egress-deny HOST...
                                 where not, though allowed
              --egress-port PORT (default 10000, 0: any free)
              --egress-proxy ADDRESS
                                 the parent's vsock-proxy in mode connect; by default
                                 --proxy, if that is
              --egress-route HOST:PORT=ADDRESS...
                                 a listener of the parent that leads to one destination

        Attestation:
              --nsm PATH|ADDRESS the Nitro Secure Module; else KMSTOOL_NSM, else
                                 /dev/nsm; unix:/path for a simulator's
              --attestation-ttl SECONDS
                                 how long an attestation document is reused (default
                                 30; 0: a new one for every request)
              --key-lifetime SECONDS
                                 how long a recipient key is used (default 3600,
                                 at least 60)

        Other:
              --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)
              --config FILE      enclaver.yaml: its sections kms_proxy and egress are
                                 read strictly, others ignored with a warning. Without
                                 kms_proxy there is no KMS proxy. Options come first
              --log-level LEVEL  trace, debug, information (default), warning, error or
                                 none; goes to stderr, and no level shows a secret
              --debug            the same as --log-level debug
          -h, --help             this text
        """;

    public const string KmsProxy = $$"""
        Speaks KMS's protocol on loopback, for any AWS SDK, and uses KMS under this
        enclave's attestation: what KMS would answer with a plaintext, it encrypts to a
        key of this process. Requests have to be signed with the access key that is
        made at start; the enclave's AWS credentials stay here.

        Usage:
          kmstool-enclave kms-proxy --environment-file FILE [options]

              --environment-file FILE
                                 written at start, for '. FILE' in a shell, readable for
                                 its owner, deleted at the end: AWS_ENDPOINT_URL_KMS,
                                 AWS_KMS_ENDPOINT, AWS_ACCESS_KEY_ID,
                                 AWS_SECRET_ACCESS_KEY, AWS_REGION, egress; what would
                                 mislead an SDK, such as AWS_PROFILE, is unset
              --listen-port PORT (default 9999, 0: any free)

        {{Options}}

        Prints 'ready http://127.0.0.1:PORT' on stdout when it listens; runs until
        SIGTERM.

        Examples:
          kmstool-enclave kms-proxy --region eu-central-1 --environment-file /run/kms.env
          . /run/kms.env && aws kms decrypt --endpoint-url $AWS_KMS_ENDPOINT \
            --ciphertext-blob fileb://secret

        Exit codes:
          0 stopped by a signal
          1 what --refuse-debug-mode, --refuse-clock-skew or
            --refuse-other-random-source refuses, or FILE cannot be written
          2 wrong usage
          3 no credentials
          4 the Nitro Secure Module or a port cannot be used

        """;

    public const string Run = $$"""
        Runs an application in this enclave with all that its AWS SDK needs to use KMS
        under the enclave's attestation, without a line of code. Meant to be the
        enclave's first process.

        Usage:
          kmstool-enclave run [options] -- COMMAND [ARGUMENT...]

        Brings the interface lo up, seeds the kernel's random numbers, starts the KMS
        proxy (see 'kmstool-enclave kms-proxy --help') and egress, and then COMMAND,
        with AWS_ENDPOINT_URL_KMS, AWS_KMS_ENDPOINT, an access key that is good for the
        KMS proxy only, AWS_REGION, and with egress http_proxy, https_proxy, no_proxy.
        Signals go to COMMAND, orphans are reaped. COMMAND gets no capabilities, cannot
        gain privileges, has no descriptors but the standard ones, and is killed when
        this process ends.

              --user USER[:GROUP]
                                 runs COMMAND as this user: names of /etc/passwd and
                                 /etc/group, or numbers; not root. GROUP is by default
                                 the user's own; no supplementary groups. Recommended:
                                 by default COMMAND runs as the user of this process
              --kms-proxy-port PORT
                                 (default 9999, 0: any free)

        {{Options}}

        Examples:
          kmstool-enclave run --user app --region eu-central-1 --credentials push \
            --daemon vsock:3000 -- python3 /app/main.py
          kmstool-enclave run --user 1000 --config /etc/enclaver.yaml \
            --region eu-central-1 --proxy-mode connect -- /app/server --port 8080

        Exit codes:
          those of COMMAND, 128 and the number of the signal that ended it,
          126 or 127 when it cannot be run or found; 1 when --refuse-clock-skew
          ends it; before it runs:
          1 what --refuse-debug-mode, --refuse-clock-skew or
            --refuse-other-random-source refuses, or the process may not become USER
          2 wrong usage
          3 no credentials
          4 the Nitro Secure Module or a port cannot be used

        """;
}
