namespace KmsTool.Instance.Commands;

/// <summary>The help of <see cref="PolicyCommandLine"/>.</summary>
internal static class PolicyHelpText
{
    public const string Text = """
        Prints a KMS key policy that ties a key to an enclave: what the enclave decrypts
        with it, nobody else can, the instance included.

        Usage:
          kmstool-instance policy --role-arn ARN --admin-arn ARN --image FILE [options]
          kmstool-instance policy --role-arn ARN --admin-arn ARN --pcr N=HEX [options]

        Who:
          --role-arn ARN         the role of the instance, whose credentials the enclave
                                 uses
          --admin-arn ARN        the role or user that administers the key. It can
                                 change this policy and may not use the key; never the
                                 whole account (:root)

        What the enclave must be (all of it; at least one):
          --image FILE           an enclave of this image file (EIF), which is checked
                                 and measured as by 'kmstool-instance measure'; - is
                                 stdin
          --image-pcrs LIST      which measurements of the image, with commas: 0 (the
                                 image; default), 1 (kernel, command line and first
                                 ramdisk), 2 (the other ramdisks), 8 (who signed it)
          --pcr N=HEX            a measurement, 96 hexadecimal digits, N from 0 to 31;
                                 repeatable. 'kmstool-instance measure' and 'nitro-cli
                                 describe-eif' print PCR0, PCR1, PCR2 and PCR8; PCR3 is
                                 the instance's role, PCR4 its id
          --debug-mode           takes PCRs of all zeros, which every enclave in debug
                                 mode has: for tests only

        What it may do:
          --operations LIST      with commas: Decrypt, GenerateDataKey,
                                 GenerateDataKeyPair, DeriveSharedSecret (for enclaves
                                 as above) and Encrypt (for the role, without an
                                 enclave: KMS knows no attested one). Default
                                 Decrypt,Encrypt. GenerateRandom uses no key: the IAM
                                 policy of the role allows it
          --deny                 denies everybody else these (but Encrypt), whatever
                                 other statements and grants allow: requests with
                                 another measurement and those without attestation. With
                                 Decrypt, also ReEncryptFrom, which takes none
          -h, --help             this text

        The policy is JSON on stdout, for 'aws kms create-key --policy file://FILE'.

        Examples:
          kmstool-instance policy --image enclave.eif --deny \
            --role-arn arn:aws:iam::111122223333:role/instance \
            --admin-arn arn:aws:iam::111122223333:role/key-admin >policy.json
          kmstool-instance policy --pcr 0=$PCR0 --deny \
            --role-arn arn:aws:iam::111122223333:role/instance \
            --admin-arn arn:aws:iam::111122223333:role/key-admin >policy.json

        Exit codes:
          0 success
          1 the image is not valid, and stderr says which field is wrong; or the result
            could not be written
          2 wrong usage; the image cannot be read

        """;
}
