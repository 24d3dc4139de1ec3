using System.Globalization;
using System.Security.Cryptography;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Commands;

/// <summary>
/// kmstool_enclave_cli as its README and its users invoke it, under its own name. What differs from them is the environment:
/// a simulator's Nitro Secure Module and trust anchors, and KMS by its address, as this machine has no vsock.
/// </summary>
public sealed class OriginalCommandLineTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _directory = new();
    private TestEnclave _enclave = null!;
    private string _program = null!;

    public async Task InitializeAsync()
    {
        _enclave = await TestEnclave.StartAsync();
        _program = LinkedProgram.Create(_directory, "kmstool-enclave", "kmstool_enclave_cli");
    }

    public async Task DisposeAsync() => await _enclave.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Decrypt_printsThePlaintext()
    {
        ProgramResult result = await RunAsync(["decrypt", "--region", "us-east-1", .. Credentials(), "--ciphertext", _enclave.Encrypt("Hello, KMS!"u8)]);

        Assert.Equal((0, "PLAINTEXT: SGVsbG8sIEtNUyE=\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Decrypt_withAnAsymmetricKey_printsThePlaintext()
    {
        string key = _enclave.CreateKey("RSA_2048");
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(_enclave.Simulator.Host.GetPublicKey(key).Span, out _);
        string ciphertext = Convert.ToBase64String(rsa.Encrypt("Hello, KMS!"u8, RSAEncryptionPadding.OaepSHA256));

        ProgramResult result = await RunAsync(["decrypt", "--region", "us-east-1", .. Credentials(),
            "--ciphertext", ciphertext, "--key-id", key, "--encryption-algorithm", "RSAES_OAEP_SHA_256"]);

        Assert.Equal((0, "PLAINTEXT: SGVsbG8sIEtNUyE=\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("AES-256", 32)]
    [InlineData("AES-128", 16)]
    public async Task Genkey_printsTheCiphertextAndThePlaintext(string spec, int length)
    {
        ProgramResult result = await RunAsync(["genkey", "--region", "us-east-1", .. Credentials(), "--key-id", _enclave.CreateKey(), "--key-spec", spec]);

        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.Split('\n');
        Assert.Equal(["CIPHERTEXT", "PLAINTEXT", ""], lines.Select(line => line.Split(": ")[0]));
        Assert.Equal(length, Convert.FromBase64String(lines[1]["PLAINTEXT: ".Length..]).Length);
        ProgramResult decrypted = await RunAsync(["decrypt", .. Credentials(), "--ciphertext", lines[0]["CIPHERTEXT: ".Length..]]);
        Assert.Equal(lines[1] + "\n", decrypted.Output);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    public async Task Genrandom_printsThePlaintext(int length)
    {
        ProgramResult result = await RunAsync(["genrandom", "--region", "us-east-1", .. Credentials(), "--length", length.ToString(CultureInfo.InvariantCulture)]);

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("PLAINTEXT: ", result.Output, StringComparison.Ordinal);
        Assert.Equal(length, Convert.FromBase64String(result.Output["PLAINTEXT: ".Length..].TrimEnd('\n')).Length);
    }

    [Fact]
    public async Task ShortOptions_meanWhatTheyMeantThere()
    {
        string[] words = Credentials();

        ProgramResult result = await RunAsync("genkey", "-r", "us-east-1", "-k", words[1], "-s", words[3], "-t", words[5], "-K", _enclave.CreateKey(), "-p", "AES-256");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData(255, "Could not decrypt ciphertext: AccessDeniedException", "decrypt", "--ciphertext", "FOREIGN")]
    [InlineData(255, "Ciphertext not a base64 string", "decrypt", "--ciphertext", "???")]
    [InlineData(255, "The ciphertext has 6145 bytes; KMS takes 1 to 6144", "decrypt", "--ciphertext", "LONG")]
    [InlineData(255, "--encryption-algorithm 'AES'", "decrypt", "--ciphertext", "FOREIGN", "--encryption-algorithm", "AES", "--key-id", "k")]
    [InlineData(255, "needs --key-id", "decrypt", "--ciphertext", "FOREIGN", "--encryption-algorithm", "RSAES_OAEP_SHA_1")]
    [InlineData(255, "NotFoundException", "genkey", "--key-id", "1234abcd-12ab-34cd-56ef-1234567890ab", "--key-spec", "AES-256")]
    [InlineData(255, "KmsUnreachable", "genrandom", "--length", "1", "--proxy", "unix:/nonexistent/kms.sock")]
    [InlineData(255, "Nitro Secure Module", "genrandom", "--length", "1", "--nsm", "unix:/nonexistent/nsm.sock")]
    [InlineData(1, "'--ciphertext' is required", "decrypt")]
    [InlineData(1, "--key-spec 'AES-512' is not a key spec; use AES_256 or AES_128", "genkey", "--key-id", "k", "--key-spec", "AES-512")]
    [InlineData(1, "KMS gives 1 to 1024", "genrandom", "--length", "0")]
    [InlineData(1, "KMS gives 1 to 1024", "genrandom", "--length", "1025")]
    [InlineData(1, "'--length' is required", "genrandom")]
    [InlineData(1, "KeyId is missing", "genkey", "--key-spec", "AES-256")]
    [InlineData(1, "'decript'", "decript", "--ciphertext", "FOREIGN")]
    [InlineData(1, "--bogus", "genrandom", "--length", "1", "--bogus", "x")]
    public async Task Failure_is_one_line_on_stderr_and_the_exit_code_of_the_sample(int exitCode, string error, params string[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = arguments[i] switch
            {
                "FOREIGN" => Convert.ToBase64String(_enclave.Simulator.Host.Encrypt(_enclave.Simulator.Host.CreateKey(), "x"u8)),
                "LONG" => Convert.ToBase64String(new byte[6145]),
                var other => other,
            };
        }

        ProgramResult result = await RunAsync([.. arguments, .. Credentials()]);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ciphertext_ofKmssMaximumLength_reachesKms()
    {
        ProgramResult result = await RunAsync(["decrypt", .. Credentials(), "--ciphertext", Convert.ToBase64String(new byte[6144])]);

        Assert.Contains("InvalidCiphertextException", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_thatAreMissing_areNamed()
    {
        ProgramResult none = await RunAsync("genrandom", "--length", "8");
        ProgramResult half = await RunAsync("genrandom", "--length", "8", "--aws-access-key-id", "AKID");

        Assert.Equal((1, 1), (none.ExitCode, half.ExitCode));
        Assert.Contains("AWS_ACCESS_KEY_ID", none.Error, StringComparison.Ordinal);
        Assert.Contains("--aws-access-key-id and --aws-secret-access-key must both be set", half.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Option_given_twice_counts_the_last_time()
    {
        string[] wrong = ["--aws-access-key-id", "WRONG", "--aws-secret-access-key", "wrong", "--aws-session-token", "wrong"];

        ProgramResult decrypted = await RunAsync(["decrypt", "--region", "eu-west-1", "-r", "us-east-1", .. wrong, .. Credentials(),
            "--ciphertext", "???", "--ciphertext", _enclave.Encrypt("Hello, KMS!"u8), "--encryption-algorithm", "AES", "-a", "SYMMETRIC_DEFAULT"]);
        ProgramResult random = await RunAsync(["genrandom", .. Credentials(), "--length", "0", "--length", "4"]);
        ProgramResult key = await RunAsync(["genkey", .. Credentials(), "--key-id", "none", "-K", _enclave.CreateKey(), "--key-spec", "AES-512", "-p", "AES-128"]);

        Assert.Equal((0, "PLAINTEXT: SGVsbG8sIEtNUyE=\n", ""), (decrypted.ExitCode, decrypted.Output, decrypted.Error));
        Assert.Equal((0, ""), (random.ExitCode, random.Error));
        Assert.Equal((0, ""), (key.ExitCode, key.Error));
    }

    [Theory]
    [InlineData("generate-data-key-pair", "--help")]
    [InlineData("generate-data-key-pair", "-h")]
    [InlineData("--aws-session-token", "decrypt", "--help")]
    public async Task Help_is_that_of_this_program_on_stderr_with_exit_code_1(string named, params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync(_program, arguments);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("serve", result.Error, StringComparison.Ordinal);
    }

    private string[] Credentials()
    {
        AwsCredential credential = _enclave.Simulator.Host.Role!.CurrentCredential();
        return
        [
            "--aws-access-key-id", credential.AccessKeyId, "--aws-secret-access-key", credential.SecretAccessKey,
            "--aws-session-token", credential.SessionToken!,
        ];
    }

    // Without the warning that the random source of this machine is another than nsm-hwrng.
    private Task<ProgramResult> RunAsync(params string[] arguments) => ProgramRunner.RunAsync(
        _program,
        [arguments[0], "--proxy", _enclave.Options.Kms.Proxy.ToString(), "--log-level", "error", .. arguments[1..]],
        EnclaveEnvironment.Of(_enclave));
}
