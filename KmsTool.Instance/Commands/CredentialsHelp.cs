namespace KmsTool.Instance.Commands;

/// <summary>What <c>credentials --help</c> prints, and what the help of other commands says about credentials.</summary>
internal static class CredentialsHelp
{
    /// <summary>The options of <see cref="AwsCredentialOptions"/>, for the help of every command that has them.</summary>
    public const string Options = """
          --profile NAME         a profile of ~/.aws/config; asked before all else, and
                                 nothing else after it
          --role-arn ARN         assumes this role and sends its credentials, which are
                                 scoped and short-lived; AWS_ENDPOINT_URL_STS and
                                 AWS_CA_BUNDLE say where STS is and whom to trust
          --external-id ID       what the role's trust policy asks for
          --session-name NAME    names the session in CloudTrail (default
                                 kmstool-instance-HOSTNAME)
          --duration SECONDS     lifetime of the role's credentials, 900 to 43200
                                 (default 3600)
        """;

    public const string Text = $$"""
        Tells where the credentials for the enclave would come from, and when they
        expire; never what they are.

        Usage:
          kmstool-instance credentials [options]
          kmstool-instance credentials push --cid CID [options]   gives them to the
                                 KMS proxy in an enclave; see its --help

        Options:
        {{Options}}
          -r, --region REGION    region whose STS is asked (default: AWS_REGION,
                                 AWS_DEFAULT_REGION, the profile's or the instance's)
          --output FORMAT        text (default) or json ({"Origin","AccessKeyIdEnd",
                                 "Temporary","Expiration","SecondsLeft"})
          --timeout SECONDS      bounds the search and then assuming the role, 10 each
                                 at most (default 10)
          --log-level LEVEL      trace, debug, information, warning (default), error or
                                 none; goes to stderr, and no level shows a secret
          --debug                the same as --log-level debug
          -h, --help             this text

        Without --profile the first of these that is configured is asked, and only it:
          1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
          2. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
          3. the profile that AWS_PROFILE names, or the default profile
          4. the container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or ..._FULL_URI
          5. the role of this EC2 instance (IMDSv2)

        In a container without the host's network the instance's role needs
          aws ec2 modify-instance-metadata-options --instance-id ID \
            --http-put-response-hop-limit 2

        Examples:
          kmstool-instance credentials
          kmstool-instance credentials --profile production --output json
          kmstool-instance credentials --role-arn arn:aws:iam::111122223333:role/enclave

        Exit codes:
          0 there are some
          1 the report could not be written
          2 wrong usage
          3 there are none, or the role cannot be assumed

        """;

    public const string Push = $$"""
        Gives the KMS proxy in an enclave (kmstool-enclave run --credentials push) the
        AWS credentials that it signs requests with. They stay in its memory; what its
        applications get is an access key that is good in the enclave only.

        Usage:
          kmstool-instance credentials push --cid CID [options]

        The enclave:
          -c, --cid CID          its CID ('nitro-cli describe-enclaves'), or an address
                                 in full: vsock:CID:PORT, unix:/path
          -p, --port PORT        vsock port of its daemon (default 3000)
          --vsock-buffer-size BYTES
                                 kernel memory for what has arrived on a vsock
                                 connection and is not read yet, 1024 to 16777216;
                                 else KMSTOOL_VSOCK_BUFFER_SIZE, else the kernel's
                                 (262144)

        Options:
          --watch                goes on: sends them every --interval, fresh ones before
                                 the old ones expire, and so soon after the enclave was
                                 started anew. Ends with SIGTERM; what fails is logged
                                 and tried again. Prints 'ready ADDRESS' when the first
                                 are there, and tells systemd (Type=notify)
          --interval SECONDS     how often --watch sends them (default 30)
        {{Options}}
          -r, --region REGION    region whose STS is asked
          --timeout SECONDS      bounds each step (default 60)
          --log-level LEVEL      trace, debug, information, warning (default), error or
                                 none; goes to stderr, and no level shows a secret
          --debug                the same as --log-level debug
          -h, --help             this text

        Where they come from: see 'kmstool-instance credentials --help'.

        Examples:
          kmstool-instance credentials push --cid 16
          kmstool-instance credentials push --cid 16 --watch --role-arn \
            arn:aws:iam::111122223333:role/enclave

        Exit codes:
          0 the enclave has them, or --watch was ended by a signal
          1 the enclave takes none
          2 wrong usage
          3 there are none
          4 could not connect
          5 the enclave broke the protocol

        """;
}
