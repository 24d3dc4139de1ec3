using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Enclave.KmsProxy;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Kms;

/// <summary>
/// KMS documents the plaintext's member as null or empty where CiphertextForRecipient is present, and leaves it out today.
/// Each form is accepted by the daemon, the KMS proxy and the commands in the enclave; a plaintext is refused by each.
/// </summary>
public class PlaintextBesideEnvelopeTests
{
    private static readonly SimulatorFault?[] ValidForms = [null, SimulatorFault.KmsNullBeside, SimulatorFault.KmsEmptyBeside];

    [Theory]
    [InlineData("Decrypt", "Message")]
    [InlineData("GenerateDataKey", "Plaintext")]
    [InlineData("GenerateDataKeyPair", "PrivateKeyPlaintext")]
    [InlineData("GenerateRandom", "Plaintext")]
    [InlineData("DeriveSharedSecret", "SharedSecret")]
    public async Task Daemon_takes_absent_null_and_empty_and_refuses_a_plaintext(string operation, string secretMember)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        Dictionary<string, object> command = Request(operation, enclave.CreateKey, enclave.Simulator);
        command["Operation"] = operation;
        command.Remove("CiphertextBlob", out object? ciphertext);
        command["Ciphertext"] = ciphertext ?? "";
        string message = JsonSerializer.Serialize(command);

        foreach (SimulatorFault? form in ValidForms)
        {
            Order(enclave.Simulator, form);
            var reply = JsonElement.Parse((await peer.AskAsync(message))!);
            Assert.Equal("Ok", reply.GetProperty("Status").GetString());
            Assert.NotEmpty(reply.GetProperty(secretMember).GetBytesFromBase64());
        }

        Order(enclave.Simulator, SimulatorFault.KmsPlaintextBeside);
        var refusal = JsonElement.Parse((await peer.AskAsync(message))!);
        Assert.Equal("InvalidKmsAnswer", refusal.GetProperty("Code").GetString());
    }

    [Theory]
    [InlineData("Decrypt", "Plaintext")]
    [InlineData("GenerateDataKey", "Plaintext")]
    [InlineData("GenerateDataKeyPair", "PrivateKeyPlaintext")]
    [InlineData("GenerateRandom", "Plaintext")]
    [InlineData("DeriveSharedSecret", "SharedSecret")]
    public async Task Proxy_takes_absent_null_and_empty_and_refuses_a_plaintext(string operation, string secretMember)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        string body = JsonSerializer.Serialize(Request(operation, proxy.CreateKey, proxy.Simulator));

        foreach (SimulatorFault? form in ValidForms)
        {
            Order(proxy.Simulator, form);
            string response = await proxy.SendAsync(proxy.Signed(operation, body));
            Assert.StartsWith("HTTP/1.1 200 ", response, StringComparison.Ordinal);
            var members = JsonElement.Parse(response[response.IndexOf('{', StringComparison.Ordinal)..]);
            Assert.NotEmpty(Assert.Single(members.EnumerateObject(), member => member.NameEquals(secretMember)).Value.GetBytesFromBase64());
        }

        Order(proxy.Simulator, SimulatorFault.KmsPlaintextBeside);
        string refusal = await proxy.SendAsync(proxy.Signed(operation, body));
        Assert.StartsWith("HTTP/1.1 400 ", refusal, StringComparison.Ordinal);
        Assert.Contains("InvalidKmsAnswerException", refusal, StringComparison.Ordinal);
    }

    // All other tests of the commands have it absent.
    [Fact]
    public async Task Commands_take_null_and_empty_and_refuse_a_plaintext()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        string key = enclave.CreateKey();
        string agreement = enclave.CreateKey("ECC_NIST_P256");
        string publicKey = Convert.ToBase64String(enclave.Simulator.Host.GetPublicKey(agreement).Span);
        string[][] commands =
        [
            ["decrypt", "--ciphertext", Convert.ToBase64String(enclave.Simulator.Host.Encrypt(key, "secret"u8))],
            ["genkey", "--key-id", key, "--key-spec", "AES-256"],
            ["generate-data-key-pair", "--key-id", key, "--key-pair-spec", "ECC_NIST_P256"],
            ["genrandom", "--length", "8"],
            ["derive-shared-secret", "--key-id", agreement, "--public-key", publicKey],
        ];
        Dictionary<string, string> environment = EnclaveEnvironment.Of(enclave);
        AwsCredential credential = enclave.Simulator.Host.Role!.CurrentCredential();
        environment["AWS_ACCESS_KEY_ID"] = credential.AccessKeyId;
        environment["AWS_SECRET_ACCESS_KEY"] = credential.SecretAccessKey;
        environment["AWS_SESSION_TOKEN"] = credential.SessionToken!;

        foreach (string[] command in commands)
        {
            foreach (SimulatorFault form in (SimulatorFault[])[SimulatorFault.KmsNullBeside, SimulatorFault.KmsEmptyBeside])
            {
                ProgramResult result = await runAsync(command, form);
                Assert.Equal((0, ""), (result.ExitCode, result.Error));
                Assert.Matches("(^|\n)PLAINTEXT: [^\n]+\n$", result.Output);
            }

            ProgramResult refusal = await runAsync(command, SimulatorFault.KmsPlaintextBeside);
            Assert.Equal((5, ""), (refusal.ExitCode, refusal.Output));
            Assert.Contains("InvalidKmsAnswer", refusal.Error, StringComparison.Ordinal);
        }

        Task<ProgramResult> runAsync(string[] command, SimulatorFault form)
        {
            Order(enclave.Simulator, form);
            return ProgramRunner.RunAsync(
                "kmstool-enclave", [.. command, "--proxy", enclave.Options.Kms.Proxy.ToString(), "--log-level", "error"], environment);
        }
    }

    private static void Order(RunningSimulator simulator, SimulatorFault? fault)
    {
        simulator.Host.Faults.Clear();
        if (fault is { } ordered)
        {
            simulator.Host.Faults[ordered] = true;
        }
    }

    /// <summary>KMS's members; the daemon's commands have the same, except for the ciphertext.</summary>
    private static Dictionary<string, object> Request(string operation, Func<string, string> createKey, RunningSimulator simulator)
    {
        string key = createKey(operation == "DeriveSharedSecret" ? "ECC_NIST_P256" : "SYMMETRIC_DEFAULT");
        switch (operation)
        {
            case "Decrypt":
                return new() { ["CiphertextBlob"] = simulator.Host.Encrypt(key, "secret"u8) };
            case "GenerateDataKey":
                return new() { ["KeyId"] = key, ["KeySpec"] = "AES_256" };
            case "GenerateDataKeyPair":
                return new() { ["KeyId"] = key, ["KeyPairSpec"] = "ECC_NIST_P256" };
            case "GenerateRandom":
                return new() { ["NumberOfBytes"] = 8 };
            default:
                using (var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256))
                {
                    return new() { ["KeyId"] = key, ["KeyAgreementAlgorithm"] = "ECDH", ["PublicKey"] = peer.ExportSubjectPublicKeyInfo() };
                }
        }
    }
}
