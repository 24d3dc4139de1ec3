using System.Text;
using System.Text.Json.Nodes;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>A key with the policy that <c>kmstool-instance policy</c> prints.</summary>
public class KeyPolicyTests
{
    [Theory]
    [InlineData(false, "AccessDeniedException")]
    [InlineData(true, "explicit deny")]
    public async Task Key_withThePrintedPolicy_decryptsForThisEnclaveOnly(bool deny, string reason)
    {
        await using Deployment deployment = await Deployment.StartAsync();
        SimulatorHost host = deployment.Simulator.Host;
        string policy = await PrintPolicyAsync(host, deny ? ["--deny"] : []);
        string ciphertext = Convert.ToBase64String(host.Encrypt(host.CreateKey(policy), "Hello, KMS!"u8));

        ProgramResult right = await deployment.RunInstanceAsync(ciphertext);
        host.Pcrs.Set(0, new byte[48]);
        ProgramResult other = await deployment.RunInstanceAsync(ciphertext);

        Assert.Equal((0, "Hello, KMS!\n"), (right.ExitCode, right.Output));
        Assert.Equal((1, ""), (other.ExitCode, other.Output));
        Assert.Contains(reason, other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_withThePolicyOfAnImage_decryptsForAnEnclaveOfThatImageOnly()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        SimulatorHost host = deployment.Simulator.Host;
        using var directory = new TempDirectory();
        var image = TestImage.Create();
        await File.WriteAllBytesAsync(directory["enclave.eif"], image.Encode());
        ProgramResult policy = await ProgramRunner.RunAsync("kmstool-instance",
        [
            "policy", "--role-arn", host.Role!.Arn, "--admin-arn", host.Administrator.Principal.Arn,
            "--image", directory["enclave.eif"], "--image-pcrs", "0,2", "--deny",
        ]);
        string ciphertext = Convert.ToBase64String(host.Encrypt(host.CreateKey(policy.Output), "Hello, KMS!"u8));

        host.Pcrs.Set(0, Convert.FromHexString(image.Pcr0()));
        ProgramResult wrongApplication = await deployment.RunInstanceAsync(ciphertext);
        host.Pcrs.Set(2, Convert.FromHexString(TestImage.Pcr(TestImage.Application)));
        ProgramResult result = await deployment.RunInstanceAsync(ciphertext);

        Assert.Equal(1, wrongApplication.ExitCode);
        Assert.Equal((0, "Hello, KMS!\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Key_withThePrintedDeny_refusesEverybodyWithoutAttestationThoughAStatementAllowsThem(bool asAdministrator)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        SimulatorHost host = simulator.Host;
        AwsCredential credential = asAdministrator ? host.Administrator : host.Role!.CurrentCredential();
        async Task<string?> decryptAsync(params string[] options)
        {
            JsonNode policy = JsonNode.Parse(await PrintPolicyAsync(host, options))!;
            policy["Statement"]!.AsArray().Add(JsonNode.Parse("""{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}"""));
            var request = new DecryptRequest { CiphertextBlob = new MemoryStream(host.Encrypt(host.CreateKey(policy.ToJsonString()), "Hello, KMS!"u8)) };
            try
            {
                DecryptResponse response = await simulator.Kms(credential).DecryptAsync(request);
                return Encoding.UTF8.GetString(response.Plaintext.ToArray());
            }
            catch (AmazonKeyManagementServiceException e)
            {
                return $"{e.ErrorCode}: {e.Message}";
            }
        }

        Assert.Equal("Hello, KMS!", await decryptAsync());
        Assert.Matches("^AccessDeniedException: .*with an explicit deny", await decryptAsync("--deny"));
    }

    private static async Task<string> PrintPolicyAsync(SimulatorHost host, string[] options)
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance",
        [
            "policy", "--role-arn", host.Role!.Arn, "--admin-arn", host.Administrator.Principal.Arn,
            "--pcr", "0=" + Convert.ToHexString(host.Pcrs.Read(0).Value), "--pcr", "4=" + Convert.ToHexString(host.Pcrs.Read(4).Value), .. options,
        ]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Output;
    }
}
