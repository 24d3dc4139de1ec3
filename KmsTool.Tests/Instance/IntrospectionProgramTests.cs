using System.Text.Json;
using System.Text.RegularExpressions;
using KmsTool.Protocol.Attestation;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>describe and attest, as processes. They need no credentials, and are given none.</summary>
public sealed class IntrospectionProgramTests(SharedEnclave shared) : IClassFixture<SharedEnclave>
{
    private readonly TestEnclave _enclave = shared.Enclave;

    [Fact]
    public async Task Describe_printsWhatTheEnclaveSaysOfItself()
    {
        string pcr0 = Convert.ToHexStringLower(_enclave.Simulator.Host.Pcrs.Read(0).Value);

        ProgramResult text = await RunAsync("describe");
        ProgramResult json = await RunAsync("describe", "--output", "json");

        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.Matches($"(?m)^PCR0: +{pcr0}$", text.Output);
        Assert.Matches("(?m)^Debug mode: +no$", text.Output);
        Assert.Equal(pcr0, JsonElement.Parse(json.Output).GetProperty("Pcrs").GetProperty("0").GetString());
    }

    [Fact]
    public async Task Attest_printsADocumentWithTheNonceAndUserData()
    {
        ProgramResult result = await RunAsync("attest", "--nonce", "00ff", "--user-data", "c0ffee");

        Assert.Equal((0, "nonce 00ff\n"), (result.ExitCode, result.Error));
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.FromCertificate(_enclave.Simulator.Host.NsmRoot))
            .Verify(Convert.FromBase64String(result.Output.TrimEnd('\n')), TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsValid, verdict.Reason);
        Assert.Equal(Convert.FromHexString("00ff"), verdict.Document!.Nonce!.Value.Span);
        Assert.Equal(Convert.FromHexString("c0ffee"), verdict.Document.UserData!.Value.Span);
    }

    [Fact]
    public async Task Attest_withARandomNonce_tellsIt()
    {
        ProgramResult result = await RunAsync("attest", "--nonce", "random", "--output", "raw");

        Assert.Matches("^nonce [0-9a-f]{64}\n$", result.Error);
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.FromCertificate(_enclave.Simulator.Host.NsmRoot))
            .Verify(result.OutputBytes, TimeProvider.System.GetUtcNow());
        Assert.Equal(result.Error, $"nonce {Convert.ToHexStringLower(verdict.Document!.Nonce!.Value.Span)}\n");
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    [InlineData("raw")]
    public async Task Attest_withVerify_verifiesWhatTheEnclaveGave(string output)
    {
        string pcr0 = Convert.ToHexStringLower(_enclave.Simulator.Host.Pcrs.Read(0).Value);

        ProgramResult result = await RunAsync(
            "attest", "--nonce", "random", "--verify", "--pcr", "0=" + pcr0, "--root", _enclave.Simulator.Host.Files.NsmRoot, "--output", output);

        Assert.True(result.ExitCode == 0, result.Error);
        string nonce = Regex.Match(result.Error, "(?m)^nonce ([0-9a-f]{64})$").Groups[1].Value;
        Assert.NotEqual("", nonce);
        if (output == "text")
        {
            Assert.Matches($"(?m)^PCR0: +{pcr0}$", result.Output);
            Assert.Matches($"(?m)^Nonce: +{nonce}$", result.Output);
            return;
        }

        byte[] document = output == "raw" ? result.OutputBytes : JsonElement.Parse(result.Output).GetProperty("Document").GetBytesFromBase64();
        ProgramResult again = await ProgramRunner.RunAsync(
            "kmstool-instance", ["verify-attestation", "--simulator", _enclave.Simulator.Host.Files.Directory, "--nonce", nonce], input: document);
        Assert.True(again.ExitCode == 0, again.Error);
    }

    [Fact]
    public async Task Attest_withVerifyAlone_asksWithANonceOfItsOwn()
    {
        ProgramResult result = await RunAsync("attest", "--verify", "--simulator", _enclave.Simulator.Host.Files.Directory);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches("(?m)^Nonce: +[0-9a-f]{64}$", result.Output);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("raw")]
    public async Task Attest_withVerify_ofAnotherImage_printsNoDocumentAsIfItWereRight(string output)
    {
        ProgramResult result = await RunAsync(
            "attest", "--verify", "--root", _enclave.Simulator.Host.Files.NsmRoot, "--pcr", "0=" + new string('1', 96), "--output", output);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("(PcrMismatch): PCR0 is ", result.Error, StringComparison.Ordinal);
        if (output == "json")
        {
            Assert.False(JsonElement.Parse(result.Output).GetProperty("Valid").GetBoolean());
        }
        else
        {
            Assert.Empty(result.OutputBytes);
        }
    }

    [Fact]
    public async Task Attest_withVerify_againstAws_refusesASimulator()
    {
        ProgramResult result = await RunAsync("attest", "--verify");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("(RootMismatch)", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--root", "root.pem")]
    [InlineData("--output", "text")]
    public async Task Attest_withoutVerify_takesNothingThatGoesWithIt(string option, string value)
    {
        ProgramResult result = await RunAsync("attest", option, value);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("go with --verify", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Pcrs\":{\"0\":null}")]
    [InlineData("\"Counters\":{\"ConnectionsOpen\":0,\"ConnectionsAccepted\":0,\"ConnectionsRefused\":0,\"Operations\":{\"Decrypt\":null}}")]
    public async Task Describe_ofAnEnclaveThatAnswersNulls_isNoAnswer(string member)
    {
        string reply = (await DescribeAsync()).Replace(member[..member.IndexOf(':', StringComparison.Ordinal)] + ":", "\"Was\":", StringComparison.Ordinal);
        await using var enclave = FakeEnclave.Start(reply[..^1] + "," + member + "}\0");

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["describe", "--cid", enclave.Address.ToString()]);

        Assert.Equal((5, ""), (result.ExitCode, result.Output));
    }

    private async Task<string> DescribeAsync()
    {
        await using EnclavePeer peer = await _enclave.ConnectAsync();
        return (await peer.AskAsync("""{"Operation":"Describe"}"""))!;
    }

    private Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-instance", [.. arguments, "--cid", _enclave.Address.ToString()]);
}
