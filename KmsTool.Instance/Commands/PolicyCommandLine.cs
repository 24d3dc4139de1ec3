using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.KeyPolicies;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance policy</c>: a key policy that ties a key to an enclave.</summary>
internal static class PolicyCommandLine
{
    public const string Name = "policy";

    public static Command CreateCommand()
    {
        var role = new Option<string>("--role-arn") { Required = true };
        var administrator = new Option<string>("--admin-arn") { Required = true };
        var pcrs = new PcrArguments();
        var image = new ImagePcrArguments();
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
            foreach (string warning in Warnings(policy))
            {
                await Console.Error.WriteLineAsync(warning);
            }
        });
        return command;
    }

    private static KeyPolicyOperations ParseOperations(string list) =>
        KeyPolicyOperations.TryParse(list, out KeyPolicyOperations? operations, out string? error) ? operations : throw Wrong($"--operations: {error}.");

    private static void CheckIdentities(EnclaveKeyPolicy policy)
    {
        if (!IdentityArn.IsRole(policy.RoleArn, out string? error))
        {
            throw Wrong($"--role-arn: {error}.");
        }

        if (!IdentityArn.IsRoleOrUser(policy.AdministratorArn, out error))
        {
            throw Wrong($"--admin-arn: {error}.");
        }
    }

    private static void CheckPcrs(EnclaveKeyPolicy policy, bool debugMode)
    {
        if (policy.Pcrs.Count == 0)
        {
            throw Wrong(
                "Neither --pcr nor --image is given: without a measurement the policy would allow any enclave. "
                + "'kmstool-instance measure' and 'nitro-cli describe-eif' print those of an image.");
        }

        if (!debugMode && AllZero(policy) is { } index)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture,
                $"PCR{index} is all zeros, as in every enclave in debug mode, whatever it runs; --debug-mode if that is meant, for a key that protects nothing."));
        }
    }

    private static IEnumerable<string> Warnings(EnclaveKeyPolicy policy)
    {
        if (AllZero(policy) is { } index)
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

    private static int? AllZero(EnclaveKeyPolicy policy) => policy.Pcrs
        .Where(pcr => !pcr.Value.Span.ContainsAnyExcept((byte)0))
        .Select(pcr => (int?)pcr.Key)
        .Min();

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
