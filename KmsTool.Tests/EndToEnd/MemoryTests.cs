using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using KmsTool.Protocol.Sockets;
using KmsTool.Signing;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;
using Xunit.Abstractions;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// What the programs' memory holds of secrets after the sessions that used them, read by root from outside. The session token
/// is counted only: HTTP headers take strings, which cannot be cleared.
/// </summary>
public sealed class MemoryTests(ITestOutputHelper output) : IDisposable
{
    private const int Sessions = 24;
    private const int Calls = 1000;
    private const int AtOnce = 8;
    private const string Region = "us-east-1";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [RootFact]
    public async Task Serve_keeps_no_secret_of_a_session_that_has_ended()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        AwsCredential credential = deployment.Simulator.Host.Role!.CurrentCredential();
        string plaintext = NewPlaintext();
        string ciphertext = deployment.Encrypt(Encoding.UTF8.GetBytes(plaintext));
        string agreement = deployment.CreateKey("ECC_NIST_P256");
        string publicKey = Convert.ToBase64String(deployment.Simulator.Host.GetPublicKey(agreement).Span);
        string key = deployment.CreateKey();
        (string Request, string Member)[] commands =
        [
            ($$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}"}""", "Message"),
            ($$"""{"Operation":"GenerateDataKey","KeyId":"{{key}}","KeySpec":"AES_256"}""", "Plaintext"),
            ($$"""{"Operation":"GenerateDataKeyPair","KeyId":"{{key}}","KeyPairSpec":"RSA_2048"}""", "PrivateKeyPlaintext"),
            ("""{"Operation":"GenerateRandom","NumberOfBytes":64}""", "Plaintext"),
            ($$"""{"Operation":"DeriveSharedSecret","KeyId":"{{agreement}}","KeyAgreementAlgorithm":"ECDH","PublicKey":"{{publicKey}}"}""", "SharedSecret"),
        ];
        ProcessMemoryScan secrets = Secrets(credential).AddText("plaintext", plaintext);
        string setClient = $$"""{"Operation":"SetClient","AwsAccessKeyId":"{{credential.AccessKeyId}}","AwsSecretAccessKey":"{{credential.SecretAccessKey}}","AwsSessionToken":"{{credential.SessionToken}}"}""";

        async Task<EnclavePeer> talkAsync()
        {
            EnclavePeer peer = await EnclavePeer.ConnectAsync(StreamAddress.Parse(deployment.EnclaveAddress));
            Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(setClient));
            foreach ((string request, string member) in commands)
            {
                var reply = JsonElement.Parse((await peer.AskAsync(request))!);
                Assert.True(reply.TryGetProperty(member, out JsonElement secret), $"{request}: {reply}");
                lock (secrets)
                {
                    secrets.AddBytes(member, secret.GetBytesFromBase64());
                }
            }

            return peer;
        }

        await Parallel.ForAsync(1, Sessions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, _) => await (await talkAsync()).DisposeAsync());
        await using (await talkAsync())
        {
            AssertHeld(deployment.Enclave, secrets);
        }

        for (int i = 1; i <= Sessions; i++)
        {
            await deployment.Enclave.WaitForErrorAsync($"Connection {i} closed");
        }

        AssertForgotten(deployment.Enclave, secrets, credential);
    }

    [RootFact]
    public async Task Kms_proxy_keeps_no_plaintext_and_no_credentials_that_were_replaced()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string file = _directory["kms.env"];
        await using RunningProgram proxy = ProgramRunner.Start(
            "kmstool-enclave", ["kms-proxy", "--listen-port", "0", "--environment-file", file, .. Options(simulator)]);
        await proxy.WaitForOutputAsync("ready");
        var exports = File.ReadLines(file).Where(static line => line.StartsWith("export ", StringComparison.Ordinal))
            .Select(static line => line["export ".Length..].Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1].Trim('\''));
        using var kms = new AmazonKeyManagementServiceClient(
            new BasicAWSCredentials(exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]),
            new AmazonKeyManagementServiceConfig { ServiceURL = exports["AWS_ENDPOINT_URL_KMS"], AuthenticationRegion = Region });
        AwsCredential credential = simulator.Host.Role!.CurrentCredential();
        await PushAsync(credential.AccessKeyId, credential.SecretAccessKey, credential.SessionToken!);
        string key = simulator.Host.CreateKey(KeyPolicies.ForImage(simulator.Host, simulator.Host.Pcrs.Read(0).Value));
        string plaintext = NewPlaintext();
        byte[] ciphertext = simulator.Host.Encrypt(key, Encoding.UTF8.GetBytes(plaintext));
        ProcessMemoryScan secrets = Secrets(credential).AddText("plaintext", plaintext);

        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
        {
            if (i % 50 == 0)
            {
                byte[] dataKey = (await kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = key, KeySpec = DataKeySpec.AES_256 }, CancellationToken.None)).Plaintext.ToArray();
                lock (secrets)
                {
                    secrets.AddBytes("data key", dataKey);
                }
            }
            else
            {
                DecryptResponse decrypted = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(ciphertext) }, CancellationToken.None);
                Assert.Equal(plaintext, Encoding.UTF8.GetString(decrypted.Plaintext.ToArray()));
            }
        });

        AssertHeld(proxy, secrets);
        await PushAsync("AKIDOTHER", "of-no-use", "of-no-use");
        AssertForgotten(proxy, secrets, credential);
    }

    [RootFact]
    public async Task Run_keeps_no_plaintext_and_no_credentials_that_were_replaced()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using RunningProgram run = ProgramRunner.Start(
            "kmstool-enclave", ["run", "--kms-proxy-port", "0", .. Options(simulator), "--", .. KmsApplication.Command]);
        await run.WaitForOutputAsync("ready");
        AwsCredential credential = simulator.Host.Role!.CurrentCredential();
        await PushAsync(credential.AccessKeyId, credential.SecretAccessKey, credential.SessionToken!);
        string key = simulator.Host.CreateKey(KeyPolicies.ForImage(simulator.Host, simulator.Host.Pcrs.Read(0).Value));
        ProcessMemoryScan secrets = Secrets(credential);
        string plaintext = "";
        for (int i = 0; i < Sessions; i++)
        {
            plaintext = NewPlaintext();
            secrets.AddText("plaintext", plaintext);
            string ciphertext = Convert.ToBase64String(simulator.Host.Encrypt(key, Encoding.UTF8.GetBytes(plaintext)));
            await run.Input.WriteAsync(Encoding.ASCII.GetBytes(ciphertext + "\n"));
        }

        await run.Input.FlushAsync();
        await run.WaitForOutputAsync(plaintext);

        AssertHeld(run, secrets);
        await PushAsync("AKIDOTHER", "of-no-use", "of-no-use");
        AssertForgotten(run, secrets, credential);
    }

    private string Daemon => "unix:" + _directory["daemon"];

    private static string NewPlaintext() => RandomNumberGenerator.GetHexString(64);

    private string[] Options(RunningSimulator simulator) =>
    [
        "--region", Region, "--credentials", "push", "--daemon", Daemon, "--nsm", simulator.Host.NsmAddress.ToString(),
        "--ca-bundle", simulator.Host.Files.CaBundle, "--proxy", $"tcp:127.0.0.1:{simulator.Host.KmsEndpoint.Port}", "--log-level", "trace",
    ];

    private async Task PushAsync(string accessKeyId, string secretAccessKey, string sessionToken)
    {
        await using EnclavePeer peer = await EnclavePeer.ConnectAsync(StreamAddress.Parse(Daemon));
        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(
            $$"""{"Operation":"PushCredentials","AwsAccessKeyId":"{{accessKeyId}}","AwsSecretAccessKey":"{{secretAccessKey}}","AwsSessionToken":"{{sessionToken}}"}"""));
    }

    private static ProcessMemoryScan Secrets(AwsCredential credential)
    {
        byte[] signingKey = new byte[HMACSHA256.HashSizeInBytes];
        string date = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        SigningKey.Derive(Encoding.ASCII.GetBytes(credential.SecretAccessKey), new CredentialScope(date, Region, "kms"), signingKey);
        return new ProcessMemoryScan().AddText("secret key", credential.SecretAccessKey).AddBytes("signing key", signingKey);
    }

    /// <summary>The control: what is in use is found, so a scan that finds nothing means something.</summary>
    private static void AssertHeld(RunningProgram program, ProcessMemoryScan secrets)
    {
        Dictionary<string, int> found = secrets.Count(program.Id);
        Assert.Contains("secret key, raw", found.Keys);
        Assert.Contains("signing key, raw", found.Keys);
    }

    private void AssertForgotten(RunningProgram program, ProcessMemoryScan secrets, AwsCredential credential)
    {
        Dictionary<string, int> tokens = new ProcessMemoryScan().AddText("session token", credential.SessionToken!).Count(program.Id);
        output.WriteLine(string.Join('\n', tokens.Select(static form => $"{form.Key}: {form.Value}")));
        Assert.Equal([], secrets.Count(program.Id));
    }
}
