using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Commands;

/// <summary>Pins and start-up checks of the commands for a program inside the enclave, by option and by the image's variable.</summary>
public sealed class CommandPinTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _directory = new();
    private TestEnclave _enclave = null!;
    private string _sample = null!;

    public async Task InitializeAsync()
    {
        _enclave = await TestEnclave.StartAsync();
        _sample = LinkedProgram.Create(_directory, "kmstool-enclave", "kmstool_enclave_cli");
    }

    public async Task DisposeAsync() => await _enclave.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task AllowKey_admits_its_ciphertexts_and_no_others()
    {
        string pinned = _enclave.CreateKey();
        string own = Convert.ToBase64String(_enclave.Simulator.Host.Encrypt(pinned, "secret"u8));
        string swapped = _enclave.Encrypt("secret"u8);

        AssertSucceeded(await RunAsync("decrypt", "--ciphertext", own, "--allow-key", pinned));
        AssertPinViolated("--allow-key", await RunAsync("decrypt", "--ciphertext", swapped, "--allow-key", pinned));
        AssertSucceeded(await RunAsSampleAsync("KMSTOOL_ALLOW_KEY", pinned, "decrypt", "--ciphertext", own));
        AssertPinViolated("--allow-key", await RunAsSampleAsync("KMSTOOL_ALLOW_KEY", pinned, "decrypt", "--ciphertext", swapped));
        AssertPinViolated("--allow-key", await RunAsSampleAsync(
            "KMSTOOL_ALLOW_KEY", pinned, "genkey", "--key-id", _enclave.CreateKey(), "--key-spec", "AES-256"));
    }

    [Fact]
    public async Task AllowKey_refuses_an_answer_that_names_another_key()
    {
        string pinned = _enclave.CreateKey();
        _enclave.Simulator.Host.Faults[SimulatorFault.KmsWrongKeyId] = true;

        AssertPinViolated("--allow-key", await RunAsSampleAsync("KMSTOOL_ALLOW_KEY", pinned, "genkey", "--key-spec", "AES-256"));
    }

    [Fact]
    public async Task AllowKey_says_the_region_and_refuses_another()
    {
        const string Elsewhere = "arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

        // The simulator's certificate is of us-east-1 alone.
        ProgramResult implied = await RunAsync("decrypt", "--ciphertext", "AAAA", "--allow-key", Elsewhere);
        ProgramResult named = await RunAsync("decrypt", "--ciphertext", "AAAA", "--allow-key", Elsewhere, "--region", "us-east-1");

        Assert.Contains("RemoteCertificateNameMismatch", implied.Error, StringComparison.Ordinal);
        AssertPinViolated("--allow-key", named);
    }

    [Fact]
    public async Task RequiredContext_must_be_there()
    {
        string ciphertext = _enclave.Encrypt("secret"u8, new Dictionary<string, string> { ["App"] = "vault" });
        string without = _enclave.Encrypt("secret"u8);

        AssertSucceeded(await RunAsync("decrypt", "--ciphertext", ciphertext, "-e", "App=vault", "--require-encryption-context", "App=vault"));
        AssertPinViolated("--require-encryption-context", await RunAsync("decrypt", "--ciphertext", without, "--require-encryption-context", "App"));
        AssertPinViolated(
            "--require-encryption-context", await RunAsSampleAsync("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", "App=vault", "decrypt", "--ciphertext", without));
    }

    [Fact]
    public async Task Operations_that_are_not_listed_are_refused()
    {
        AssertPinViolated("--operations", await RunAsync("genrandom", "--length", "8", "--operations", "Decrypt"));
        AssertPinViolated("--operations", await RunAsSampleAsync("KMSTOOL_OPERATIONS", "Decrypt,DescribeKey", "genrandom", "--length", "8"));
        AssertSucceeded(await RunAsSampleAsync("KMSTOOL_OPERATIONS", "GenerateRandom", "genrandom", "--length", "8"));
    }

    [Fact]
    public async Task DebugMode_is_announced_and_can_be_refused()
    {
        _enclave.Simulator.Host.Pcrs.Set(0, new byte[48]);

        ProgramResult announced = await RunAsync("genrandom", "--length", "8");
        ProgramResult refused = await RunAsync("genrandom", "--length", "8", "--refuse-debug-mode");
        ProgramResult refusedAsSample = await RunAsSampleAsync("KMSTOOL_REFUSE_DEBUG_MODE", "true", "genrandom", "--length", "8");

        AssertSucceeded(announced);
        Assert.Contains("DEBUG MODE", announced.Error, StringComparison.Ordinal);
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.NotEqual(0, refusedAsSample.ExitCode);
        Assert.Empty(refusedAsSample.Output);
        Assert.Contains("--refuse-debug-mode", refusedAsSample.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clock_that_is_off_is_warned_of()
    {
        _enclave.Simulator.Host.Clock.Offset = TimeSpan.FromSeconds(90);

        ProgramResult result = await RunAsync("genrandom", "--length", "8");

        AssertSucceeded(result);
        Assert.Contains("The clock differs by", result.Error, StringComparison.Ordinal);
    }

    private static void AssertSucceeded(ProgramResult result)
    {
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.StartsWith("PLAINTEXT: ", result.Output, StringComparison.Ordinal);
    }

    private static void AssertPinViolated(string pin, ProgramResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("PinViolated", result.Error, StringComparison.Ordinal);
        Assert.Contains($"pinned by {pin}", result.Error, StringComparison.Ordinal);
    }

    private Task<ProgramResult> RunAsync(params string[] arguments) => RunAsync("kmstool-enclave", Environment(), arguments);

    /// <summary>With the command line of the sample, and a variable of the image.</summary>
    private Task<ProgramResult> RunAsSampleAsync(string variable, string value, params string[] arguments) =>
        RunAsync(_sample, new Dictionary<string, string>(Environment()) { [variable] = value }, arguments);

    private Task<ProgramResult> RunAsync(string program, Dictionary<string, string> environment, string[] arguments) =>
        ProgramRunner.RunAsync(program, [.. arguments, "--proxy", _enclave.Options.Kms.Proxy.ToString()], environment);

    private Dictionary<string, string> Environment()
    {
        AwsCredential credential = _enclave.Simulator.Host.Role!.CurrentCredential();
        return new Dictionary<string, string>(EnclaveEnvironment.Of(_enclave))
        {
            ["AWS_ACCESS_KEY_ID"] = credential.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = credential.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = credential.SessionToken!,
        };
    }
}
