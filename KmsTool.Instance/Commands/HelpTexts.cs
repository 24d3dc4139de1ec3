namespace KmsTool.Instance.Commands;

/// <summary>What <c>--help</c> prints; written by hand to fit 80 columns and to teach.</summary>
internal static class HelpTexts
{
    private const string Decrypt = $$"""
        Has a KMS ciphertext decrypted by kmstool-enclave inside a Nitro enclave and
        prints the plaintext.

        Usage:
          kmstool-instance [decrypt] --cid CID [options] CIPHERTEXT
          kmstool-instance [decrypt] --cid CID [options] --file FILE
          kmstool-instance [decrypt] --cid CID [options] --batch FILE
          kmstool-instance COMMAND [options]   each has a --help:
            generate-data-key, generate-data-key-pair, generate-random,
            derive-shared-secret, describe, attest, credentials, vsock-proxy,
            verify-attestation, policy, measure

        CIPHERTEXT is base64, as 'aws kms encrypt --query CiphertextBlob --output text'
        prints it, or file://PATH of a file that holds that, or fileb://PATH of one
        that holds the bytes; - reads it from stdin.

        {{KmsHelpTexts.Enclave}}

        The ciphertext:
          -e, --encryption-context NAME=VALUE
                                 a pair that was given at encryption; repeatable
          -K, --key-id KEY       key id, ARN or alias that must have made it; needed
                                 for asymmetric keys
          -a, --encryption-algorithm NAME
                                 SYMMETRIC_DEFAULT (default), RSAES_OAEP_SHA_1 or
                                 RSAES_OAEP_SHA_256
          --grant-token TOKEN    a grant token; repeatable, up to 10
          --dry-run              KMS checks permissions only; 0 if they suffice
          --file FILE            reads it from a file; - is stdin
          --file-format FORMAT   what the file or stdin holds: base64 (default) or
                                 raw, the bytes themselves

        Many ciphertexts:
          --batch FILE           decrypts a ciphertext a line, base64; - is stdin. One
                                 result a line, in order. What fails leaves an empty
                                 line and its reason on stderr
          --connections N        how many to share them out to, 1 to 64 (default 4);
                                 each takes 16 commands at once. The AWS sample
                                 serves 1, which is noticed and noted on stderr
          --continue-on-error    goes on after a line that fails

        The credentials (see 'kmstool-instance credentials --help'):
        {{CredentialsHelp.Options}}

        The result:
          --output FORMAT        text (default; UTF-8 and a newline), base64,
                                 json ({"Plaintext":base64}) or raw (the bytes only).
                                 In a batch: text that is one line, base64, or json
                                 ({"Index":N,"Plaintext":base64} or
                                 {"Index":N,"Error":text,"Code":name}). json alone
                                 shows what a pinned enclave tells in place of the
                                 plaintext: "Sha256", "Withheld"

        {{EnclaveHelpTexts.Other}}
          --version              the version

        AWS credentials come from the environment, a web identity, the profile, the
        container or the instance's role (IMDSv2), whichever is configured first.

        Examples:
          kmstool-instance --cid 16 --region eu-central-1 "$CIPHERTEXT"
          kmstool-instance -c 16 -e Purpose=demo --file secret.b64 --output raw >secret
          aws kms encrypt ... --query CiphertextBlob --output text |
            kmstool-instance --cid 16 -
          kmstool-instance --cid unix:/tmp/enclave.sock "$CIPHERTEXT"
          kmstool-instance -c 16 --batch secrets.txt --output json >plaintexts.json

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    private const string VsockProxy = """
        Gives enclaves a way to TCP destinations: accepts connections from them and
        relays each. TLS ends in the enclave and passes through unread.

        Usage:
          kmstool-instance vsock-proxy [options] LOCAL_PORT REMOTE_ADDR REMOTE_PORT
          kmstool-instance vsock-proxy [options] --config FILE
                                 where the file lists what to listen at
          vsock-proxy [options] LOCAL_PORT REMOTE_ADDR REMOTE_PORT
                                 under this name, a link to kmstool-instance stands in
                                 for the AWS program

          LOCAL_PORT             where the enclave connects: a vsock port of the parent
                                 (CID 3); or an address: vsock:CID:PORT, unix:/path,
                                 tcp:HOST:PORT
          REMOTE_ADDR            name or IP address of the destination
          REMOTE_PORT            its TCP port

        Options:
          -4, --ipv4             connects to IPv4 addresses only
          -6, --ipv6             to IPv6 addresses only; a destination that is an
                                 address of the other family is refused
          -w, --num_workers N    connections to each listener at once, 1 to 100000
                                 (default 1024, or what the limit of open files allows)
          --when-full WHAT       with connections over that: wait (default; they are
                                 accepted when others end) or refuse
          --max-per-peer N       connections of one enclave, or one IP address, to each
                                 listener; more are refused. 0: no limit; default at
                                 vsock ports: three quarters of the listener's places
          --config FILE          the allowlist, and listeners; default
                                 /etc/nitro_enclaves/vsock-proxy.yaml. Where that file
                                 is missing, 'kmstool-instance vsock-proxy' takes any
                                 destination and 'vsock-proxy' refuses to start, as the
                                 AWS program does
          --connect-timeout SECONDS
                                 bounds looking up the name and connecting (default 3)
          --idle-timeout SECONDS
                                 closes a connection that carries nothing in either
                                 direction for so long, and has nothing left to
                                 deliver; 0 is never (default 3600)
          --drain-timeout SECONDS
                                 how long connections may go on after SIGTERM
                                 (default 10)
          --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)
          --metrics IP:PORT      figures for Prometheus at http://IP:PORT/metrics
          --check                reads arguments and file as at the start, prints what
                                 would be listened at, and ends
          --log-level LEVEL      trace, debug, information (default), warning, error or
                                 none; goes to stderr
          --debug                the same as --log-level debug
          -h, --help             this text

        The file is YAML, at most 256 KiB:
          allowlist:
          - {address: kms.eu-central-1.amazonaws.com, port: 443}
          - {address: "*.s3.eu-central-1.amazonaws.com", port: 443}
          - {address: 10.0.0.0/8, port: 8000-8099}
          listeners:
          - {local_port: 8000, remote_addr: kms.eu-central-1.amazonaws.com,
             remote_port: 443}
          - {local_port: 8001, mode: connect, peers: [16], num_workers: 64}
        In an address, * stands for one label of a name and ** for any number. An entry
        allows a destination with its port and its name, or with an address that both
        have at the start; only such addresses are then connected to. Link-local ones,
        the instance's metadata among them, have to be listed by address.

        In mode connect, the enclave says the destination: CONNECT HOST:PORT HTTP/1.1.
        peers are the CIDs that may connect.

        A name is looked up when the first connection comes, again after a minute and
        when none of its addresses can be reached; all of them are tried. What fails
        refuses that one connection.

        Prints 'ready ADDRESS' on stdout for each listener when all listen; tells
        systemd, too (Type=notify). SIGHUP has it read the file again, no connection is
        dropped; what is not in order is logged and the old rules hold. Runs until
        SIGTERM or Ctrl+C.

        Examples:
          kmstool-instance vsock-proxy 8000 kms.eu-central-1.amazonaws.com 443
          kmstool-instance vsock-proxy unix:/tmp/kms.sock 127.0.0.1 8443
          kmstool-instance vsock-proxy -4 --config allow.yaml 8000 10.0.0.5 8443
          kmstool-instance vsock-proxy --config proxy.yaml --metrics 127.0.0.1:9100

        Exit codes:
          0 ended by SIGTERM or Ctrl+C
          2 wrong usage; the file cannot be used or does not list a destination
          4 could not listen

        """;

    /// <summary>What the program prints under the name <c>vsock-proxy</c>.</summary>
    public static IReadOnlyDictionary<string, string> OfVsockProxy { get; } = new Dictionary<string, string> { [""] = VsockProxy };

    public static IReadOnlyDictionary<string, string> ByCommand { get; } = new Dictionary<string, string>
    {
        [""] = Decrypt,
        [DecryptCommandLine.Name] = Decrypt,
        [CredentialsCommandLine.Name] = CredentialsHelp.Text,
        [$"{CredentialsCommandLine.Name} {CredentialsPushCommandLine.Name}"] = CredentialsHelp.Push,
        [KmsCommandLine.GenerateDataKey] = KmsHelpTexts.GenerateDataKey,
        [KmsCommandLine.GenerateDataKeyPair] = KmsHelpTexts.GenerateDataKeyPair,
        [KmsCommandLine.GenerateRandom] = KmsHelpTexts.GenerateRandom,
        [KmsCommandLine.DeriveSharedSecret] = KmsHelpTexts.DeriveSharedSecret,
        [DescribeCommandLine.Name] = EnclaveHelpTexts.Describe,
        [AttestCommandLine.Name] = AttestationHelpTexts.Attest,
        [VerifyAttestationCommandLine.Name] = AttestationHelpTexts.Verify,
        [PolicyCommandLine.Name] = PolicyCommandLine.Help,
        [MeasureCommandLine.Name] = MeasureCommandLine.Help,
        [VsockProxyCommandLine.Name] = VsockProxy,
    };
}
