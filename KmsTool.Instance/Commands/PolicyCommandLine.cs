using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.KeyPolicies;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance policy</c>: a key policy that ties a key to an enclave.</summary>
internal static class PolicyCommandLine
{
    public const string Name = "policy";

    public const string Help = """
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

    public static Command CreateCommand()
    {
        var role = new Option<string>("--role-arn") { Required = true };
        var administrator = new Option<string>("--admin-arn") { Required = true };
        var pcrs = new PcrOption();
        var image = new ImagePcrOptions();
        var operations = new Option<string>("--operations") { DefaultValueFactory = _ => KeyPolicyOperations.Default };
        var deny = new Option<bool>("--deny");
        var debugMode = new Option<bool>("--debug-mode");
        var command = new Command(Name) { role, administrator, operations, deny, debugMode };
        image.AddTo(command);
        pcrs.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            var policy = new EnclaveKeyPolicy
            {
                RoleArn = line.GetRequiredValue(role),
                AdministratorArn = line.GetRequiredValue(administrator),
                Pcrs = pcrs.Bind(line),
                Operations = ParseOperations(line.GetRequiredValue(operations)),
                DeniesOthers = line.GetValue(deny),
            };
            CheckIdentities(policy);
            policy = policy with { Pcrs = await image.CompleteAsync(line, policy.Pcrs, cancellationToken) };
            CheckPcrs(policy, line.GetValue(debugMode));
            await StandardOutput.WriteAsync(KeyPolicyText.Format(policy), cancellationToken);
            // After the policy was written: what fails to be written needs no advice.
            foreach (string warning in ListWarnings(policy))
            {
                await Console.Error.WriteLineAsync(warning);
            }
        });
        return command;
    }

    private static KeyPolicyOperations ParseOperations(string list) =>
        KeyPolicyOperations.TryParse(list, out KeyPolicyOperations? operations, out string? error) ? operations : throw UsageError($"--operations: {error}.");

    private static void CheckIdentities(EnclaveKeyPolicy policy)
    {
        if (!IdentityArn.IsRole(policy.RoleArn, out string? error))
        {
            throw UsageError($"--role-arn: {error}.");
        }

        if (!IdentityArn.IsRoleOrUser(policy.AdministratorArn, out error))
        {
            throw UsageError($"--admin-arn: {error}.");
        }
    }

    private static void CheckPcrs(EnclaveKeyPolicy policy, bool debugMode)
    {
        if (policy.Pcrs.Count == 0)
        {
            throw UsageError(
                "Neither --pcr nor --image is given: without a measurement the policy would allow any enclave. "
                + "'kmstool-instance measure' and 'nitro-cli describe-eif' print those of an image.");
        }

        if (!debugMode && FindAllZero(policy) is { } index)
        {
            throw UsageError(string.Create(CultureInfo.InvariantCulture,
                $"PCR{index} is all zeros, as in every enclave in debug mode, whatever it runs; --debug-mode if that is meant, for a key that protects nothing."));
        }
    }

    private static IEnumerable<string> ListWarnings(EnclaveKeyPolicy policy)
    {
        if (FindAllZero(policy) is { } index)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"DEBUG MODE: PCR{index} is all zeros. Every enclave in debug mode may use this key, and whoever runs one reads along; use it for no real secret.");
        }

        if (policy.Operations.LacksEncryption)
        {
            yield return "Nobody may encrypt with this key, not even the administrator, so there will be nothing to decrypt; "
                + "'--operations Decrypt,Encrypt' lets the instance's role encrypt, GenerateDataKey the enclave.";
        }

        if (policy.RoleArn == policy.AdministratorArn)
        {
            yield return "The instance's role administers the key, too: whoever has the instance can change this policy. Give the administrator a role of its own.";
        }
    }

    private static int? FindAllZero(EnclaveKeyPolicy policy) => policy.Pcrs
        .Where(pcr => !pcr.Value.Span.ContainsAnyExcept((byte)0))
        .Select(pcr => (int?)pcr.Key)
        .Min();

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
