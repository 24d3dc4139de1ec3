namespace KmsTool.Instance.Commands;

/// <summary>The help of the commands besides decrypt that the enclave has KMS carry out.</summary>
internal static class KmsHelpTexts
{
    /// <summary>The options that say where the enclave is, and of which region the key.</summary>
    public const string Enclave = $$"""
        {{EnclaveHelpTexts.Enclave}}
          -r, --region REGION    region of the key; omit it when the enclave was started
                                 with one. Default: the region in the ARN of
                                 --key-id, AWS_REGION, AWS_DEFAULT_REGION, the
                                 profile's, the instance's, us-east-1; an enclave's
                                 own region takes precedence over these
        """;

    public const string GenerateDataKey = $$"""
        Has KMS generate a symmetric data key for an enclave, and prints it with its
        encrypted form. To keep the key inside the enclave, use the commands that
        kmstool-enclave has there, or pin the enclave with --reply none.

        Usage:
          kmstool-instance generate-data-key --cid CID --key-id KEY --key-spec SPEC
            [options]

        {{Enclave}}

        What to generate:
          -K, --key-id KEY       the symmetric key that encrypts the data key: key id,
                                 ARN or alias; may be left away where the enclave is
                                 pinned to one key
          --key-spec SPEC        AES_256 or AES_128
          --number-of-bytes N    another length, 1 to 1024, in place of --key-spec
        {{Context}}
        {{Grant}}

        {{Credentials}}

        {{EnclaveHelpTexts.Other}}

        Prints one line of JSON; the secret is in base64:
          {"Status":"Ok","KeyId":ARN,"CiphertextBlob":...,"Plaintext":...}

        Examples:
          kmstool-instance generate-data-key --cid 16 --key-id alias/app \
            --key-spec AES_256 -e Purpose=demo

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    public const string GenerateDataKeyPair = $$"""
        Has KMS generate an asymmetric key pair for an enclave, and prints it with the
        encrypted form of its private key.

        Usage:
          kmstool-instance generate-data-key-pair --cid CID --key-id KEY
            --key-pair-spec SPEC [options]

        {{Enclave}}

        What to generate:
          -K, --key-id KEY       the symmetric key that encrypts the private key: key
                                 id, ARN or alias; may be left away where the enclave
                                 is pinned to one key
          --key-pair-spec SPEC   RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256,
                                 ECC_NIST_P384, ECC_NIST_P521, ECC_NIST_EDWARDS25519,
                                 ECC_SECG_P256K1 or SM2, where the region has it
        {{Context}}
        {{Grant}}

        {{Credentials}}

        {{EnclaveHelpTexts.Other}}

        Prints one line of JSON; keys are DER in base64, the public one
        SubjectPublicKeyInfo and the private one PKCS #8:
          {"Status":"Ok","KeyId":ARN,"KeyPairSpec":...,"PublicKey":...,
           "PrivateKeyCiphertextBlob":...,"PrivateKeyPlaintext":...}

        Examples:
          kmstool-instance generate-data-key-pair --cid 16 --key-id alias/app \
            --key-pair-spec ECC_NIST_P256

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    public const string GenerateRandom = $$"""
        Has KMS generate random bytes for an enclave, and prints them.

        Usage:
          kmstool-instance generate-random --cid CID --number-of-bytes N [options]

        {{Enclave}}

        What to generate:
          -l, --length N         bytes, 1 to 1024; also --number-of-bytes

        {{Credentials}}

        The result:
          --output FORMAT        json (default; {"Status":"Ok","Plaintext":base64}),
                                 base64 or raw (the bytes only)

        {{EnclaveHelpTexts.Other}}

        Examples:
          kmstool-instance generate-random --cid 16 --number-of-bytes 32 --output base64

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    public const string DeriveSharedSecret = $$"""
        Has KMS derive the ECDH shared secret of a KMS key and a peer's public key for
        an enclave, and prints it.

        Usage:
          kmstool-instance derive-shared-secret --cid CID --key-id KEY
            --public-key-file FILE [options]

        {{Enclave}}

        What to derive it of:
          -K, --key-id KEY       the elliptic-curve key, of usage KEY_AGREEMENT: key id,
                                 ARN or alias; may be left away where the enclave is
                                 pinned to one key
          --public-key BASE64    the peer's public key on the same curve, DER
                                 SubjectPublicKeyInfo, 1 to 8192 bytes; file:// and
                                 fileb:// as in the AWS CLI
          --public-key-file FILE the same from a file, DER or PEM
        {{Grant}}

        {{Credentials}}

        The result:
          --output FORMAT        json (default; {"Status":"Ok","KeyId":ARN,
                                 "KeyAgreementAlgorithm":...,"SharedSecret":base64}),
                                 base64 or raw (the bytes only)

        {{EnclaveHelpTexts.Other}}

        The shared secret is not yet a key: derive one from it.

        Examples:
          kmstool-instance derive-shared-secret --cid 16 --key-id alias/agreement \
            --public-key-file peer.pem --output raw >secret.bin

        {{EnclaveHelpTexts.ExitCodes}}

        """;

    private const string Context = """
          -e, --encryption-context NAME=VALUE
                                 a pair that decrypting will need; repeatable
        """;

    private const string Grant = """
          --grant-token TOKEN    a grant token; repeatable, up to 10
          --dry-run              KMS checks permissions only; 0 if they suffice
        """;

    private const string Credentials = $$"""
        The credentials (see 'kmstool-instance credentials --help'):
        {{CredentialsHelp.Options}}
        """;
}
