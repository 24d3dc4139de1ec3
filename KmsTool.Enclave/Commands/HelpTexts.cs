namespace KmsTool.Enclave.Commands;

/// <summary>The program's help.</summary>
internal static class HelpTexts
{
    private const string Serve = """
        Runs inside a Nitro enclave and decrypts for the parent instance what KMS
        encrypted, under this enclave's attestation: KMS answers to a key that never
        leaves this process, and only if the key's policy admits this enclave image.

        Usage:
          kmstool-enclave [serve] [options]

        The parent instance:
          -p, --port PORT        vsock port to listen on (default 3000)
              --listen ADDRESS   the same in full: vsock:PORT, unix:/path,
                                 tcp:127.0.0.1:PORT (port 0: any free)
          -x, --proxy-port PORT  vsock port of the parent's vsock-proxy, which relays to
                                 KMS (default 8000)
              --proxy ADDRESS    the same in full (default vsock:3:8000)

        KMS:
          -r, --region REGION    pins the region; a SetClient that names one is refused.
                                 Else REGION, else what the instance names, else
                                 us-east-1
          --kms-endpoint HOST[:PORT]
                                 pins the endpoint whose name TLS must prove; else
                                 ENDPOINT, AWS_ENDPOINT_URL_KMS, else the region's own
          --ca-bundle FILE       PEM file of the only trust anchors; else AWS_CA_BUNDLE,
                                 SSL_CERT_FILE, else the system's

        Attestation:
          --nsm PATH|ADDRESS     the Nitro Secure Module; else KMSTOOL_NSM, else
                                 /dev/nsm; unix:/path for a simulator's
          --attestation-ttl SECONDS
                                 how long an attestation document is reused (default
                                 30; 0: a new one for every call)
          --key-lifetime SECONDS how long a recipient key is used (default 3600,
                                 at least 60)

        Limits:
          --max-message-size BYTES
                                 longest message (default 65536)
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
          -h, --help             this text
          --version              the version

        Prints 'ready ADDRESS' on stdout when it listens; runs until SIGTERM.

        Examples:
          kmstool-enclave --region eu-central-1
          kmstool-enclave serve --listen unix:/tmp/enclave.sock \
            --proxy unix:/tmp/kms.sock --nsm unix:/tmp/sim/nsm.sock \
            --ca-bundle /tmp/sim/ca.pem

        Exit codes:
          0 stopped by a signal
          2 wrong usage
          4 the Nitro Secure Module or the address cannot be used

        """;

    public static IReadOnlyDictionary<string, string> ByCommand { get; } = new Dictionary<string, string>
    {
        [""] = Serve,
        [ServeCommandLine.Name] = Serve,
    };
}
