using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

public class MainJobTests
{
    [Fact]
    public async Task Instance_hasItsCiphertextDecryptedByTheEnclave()
    {
        await using Deployment deployment = await Deployment.StartAsync();

        ProgramResult result = await deployment.RunInstanceAsync(deployment.Encrypt("Hello, KMS!"u8));

        Assert.Equal((0, "Hello, KMS!\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task Enclave_ofAnotherImage_isDenied()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        string ciphertext = deployment.Encrypt("Hello, KMS!"u8);
        deployment.Simulator.Host.Pcrs.Set(0, new byte[48]);

        ProgramResult result = await deployment.RunInstanceAsync(ciphertext);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("Could not decrypt ciphertext: AccessDeniedException", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enclave_onSigterm_exitsWith0()
    {
        await using Deployment deployment = await Deployment.StartAsync();

        deployment.Enclave.Terminate();

        Assert.Equal(0, (await deployment.Enclave.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task NoSecret_appearsInAnyOutputAtLevelTrace()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        const string Plaintext = "the plaintext nobody may log";
        var context = new Dictionary<string, string> { ["Purpose"] = "context-value" };
        string ciphertext = deployment.Encrypt(Encoding.UTF8.GetBytes(Plaintext), context);
        var outputs = new List<string>();
        async Task<ProgramResult> runAsync(params string[] arguments)
        {
            ProgramResult run = await deployment.RunInstanceAsync(arguments);
            outputs.Add(run.Error);
            return run;
        }

        ProgramResult good = await runAsync(ciphertext, "-e", "Purpose=context-value");
        Assert.Equal((0, Plaintext + "\n"), (good.ExitCode, good.Output));
        Assert.Equal(1, (await runAsync(ciphertext)).ExitCode);
        var generated = new List<string>();
        string agreement = deployment.CreateKey("ECC_NIST_P256");
        string publicKey = Convert.ToBase64String(deployment.Simulator.Host.GetPublicKey(agreement).Span);
        foreach ((string member, string[] arguments) in ((string, string[])[])
        [
            ("Plaintext", ["generate-random", "--length", "24"]),
            ("Plaintext", ["generate-data-key", "--key-id", deployment.CreateKey(), "--key-spec", "AES_256"]),
            ("PrivateKeyPlaintext", ["generate-data-key-pair", "--key-id", deployment.CreateKey(), "--key-pair-spec", "ECC_NIST_P256"]),
            ("SharedSecret", ["derive-shared-secret", "--key-id", agreement, "--public-key", publicKey]),
        ])
        {
            ProgramResult run = await runAsync(arguments);
            Assert.Equal(0, run.ExitCode);
            generated.Add(JsonElement.Parse(run.Output).GetProperty(member).GetString()!);
        }

        foreach (SimulatorFault fault in (SimulatorFault[])
            [SimulatorFault.KmsPlaintextBeside, SimulatorFault.KmsForeignEnvelope, SimulatorFault.Kms500, SimulatorFault.NsmRefuse, SimulatorFault.KmsNotJson])
        {
            deployment.Simulator.Host.Faults[fault] = true;
            ProgramResult failed = await runAsync(ciphertext, "-e", "Purpose=context-value");
            Assert.Equal(1, failed.ExitCode);
            deployment.Simulator.Host.Faults.Clear();
        }

        await using (EnclavePeer peer = await EnclavePeer.ConnectAsync(StreamAddress.Parse(deployment.EnclaveAddress)))
        {
            foreach (string secret in deployment.CredentialSecrets())
            {
                outputs.Add((await peer.AskAsync($$"""{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":"{{secret}}","""))!);
                outputs.Add((await peer.AskAsync($$"""{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":5,"AwsSessionToken":"{{secret}}"}"""))!);
            }
        }

        string[] secrets =
        [
            .. deployment.CredentialSecrets(), Plaintext, Convert.ToBase64String(Encoding.UTF8.GetBytes(Plaintext)),
            ciphertext, "context-value", "PRIVATE KEY", .. generated,
        ];
        deployment.Enclave.Terminate();
        deployment.Proxy.Terminate();
        ProgramResult enclave = await deployment.Enclave.WaitForExitAsync();
        ProgramResult proxy = await deployment.Proxy.WaitForExitAsync();
        outputs.AddRange([enclave.Output, enclave.Error, proxy.Output, proxy.Error]);
        Assert.Contains("Decrypt on connection", enclave.Error, StringComparison.Ordinal);
        Assert.All(outputs, output => Assert.All(secrets, secret => Assert.DoesNotContain(secret, output, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Instance_withExpiredCredentials_saysSoAndExitsWith1()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        string ciphertext = deployment.Encrypt("Hello, KMS!"u8);
        AwsCredential credential = deployment.Simulator.Host.Role!.CurrentCredential();
        deployment.Simulator.Host.Clock.Offset = TimeSpan.FromHours(7);

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["--cid", deployment.EnclaveAddress, ciphertext], new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = credential.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = credential.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = credential.SessionToken!,
        });

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("ExpiredTokenException", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_withoutAnEnclave_exitsWith4()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        deployment.Enclave.Terminate();
        await deployment.Enclave.WaitForExitAsync();

        ProgramResult result = await deployment.RunInstanceAsync(deployment.Encrypt("Hello, KMS!"u8));

        Assert.Equal(4, result.ExitCode);
    }

    [Fact]
    public async Task Instance_withoutARouteToKms_saysWhatTheTroubleshootingSectionSays()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        deployment.Proxy.Terminate();
        await deployment.Proxy.WaitForExitAsync();

        ProgramResult result = await deployment.RunInstanceAsync(deployment.Encrypt("Hello, KMS!"u8));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Could not create new client", result.Error, StringComparison.Ordinal);
        Assert.Contains("vsock-proxy", result.Error, StringComparison.Ordinal);
    }
}
