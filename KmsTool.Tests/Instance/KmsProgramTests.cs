using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Simulator.Faults;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>The commands besides decrypt, as processes, with an enclave and a simulator behind them.</summary>
public sealed class KmsProgramTests(SharedEnclave shared) : IClassFixture<SharedEnclave>, IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestEnclave _enclave = shared.Enclave;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task GenerateDataKey_printsKeyAndCiphertextAsJson()
    {
        string key = _enclave.CreateKey();

        ProgramResult result = await RunAsync("generate-data-key", "--key-id", key, "--key-spec", "AES_256", "-e", "Purpose=demo");

        JsonElement reply = AssertJsonLine(result);
        Assert.Equal(key, reply.GetProperty("KeyId").GetString());
        Assert.Equal(32, reply.GetProperty("Plaintext").GetBytesFromBase64().Length);
        ProgramResult decrypted = await RunAsync("--output", "base64", "-e", "Purpose=demo", reply.GetProperty("CiphertextBlob").GetString()!);
        Assert.Equal(reply.GetProperty("Plaintext").GetString() + "\n", decrypted.Output);
    }

    [Fact]
    public async Task GenerateDataKeyPair_printsBothKeysAsJson()
    {
        ProgramResult result = await RunAsync("generate-data-key-pair", "--key-id", _enclave.CreateKey(), "--key-pair-spec", "RSA_2048");

        JsonElement reply = AssertJsonLine(result);
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(reply.GetProperty("PrivateKeyPlaintext").GetBytesFromBase64(), out _);
        Assert.Equal(reply.GetProperty("PublicKey").GetBytesFromBase64(), rsa.ExportSubjectPublicKeyInfo());
    }

    [Theory]
    [InlineData("json")]
    [InlineData("base64")]
    [InlineData("raw")]
    public async Task GenerateRandom_printsItInEachFormat(string format)
    {
        ProgramResult result = await RunAsync("generate-random", "--number-of-bytes", "24", "--output", format);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        byte[] random = format switch
        {
            "json" => JsonElement.Parse(result.Output).GetProperty("Plaintext").GetBytesFromBase64(),
            "base64" => Convert.FromBase64String(result.Output.TrimEnd('\n')),
            _ => result.OutputBytes,
        };
        Assert.Equal(24, random.Length);
    }

    [Fact]
    public async Task DeriveSharedSecret_printsWhatThePeerDerives()
    {
        string key = _enclave.CreateKey("ECC_NIST_P384");
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using var own = ECDiffieHellman.Create();
        own.ImportSubjectPublicKeyInfo(_enclave.Simulator.Host.GetPublicKey(key).Span, out _);
        File.WriteAllText(_directory["peer.pem"], peer.ExportSubjectPublicKeyInfoPem());

        ProgramResult result = await RunAsync(
            "derive-shared-secret", "--key-id", key, "--public-key-file", _directory["peer.pem"], "--output", "raw");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(peer.DeriveRawSecretAgreement(own.PublicKey), result.OutputBytes);
    }

    [Theory]
    [InlineData("decrypt")]
    [InlineData("generate-data-key", "--key-spec", "AES_128")]
    [InlineData("generate-data-key-pair", "--key-pair-spec", "RSA_2048")]
    public async Task DryRun_thatWouldSucceed_exitsWith0AndPrintsNothing(params string[] arguments)
    {
        string key = _enclave.CreateKey();
        string[] ciphertext = arguments[0] == "decrypt" ? [Convert.ToBase64String(_enclave.Simulator.Host.Encrypt(key, "x"u8))] : [];

        ProgramResult good = await RunAsync([.. arguments, .. ciphertext, "--key-id", key, "--dry-run"]);
        ProgramResult bad = await RunAsync([.. arguments, .. ciphertext, "--key-id", _enclave.Simulator.Host.CreateKey(), "--dry-run"]);

        Assert.Equal((0, ""), (good.ExitCode, good.Output));
        Assert.StartsWith("Dry run: KMS would carry out ", good.Error, StringComparison.Ordinal);
        Assert.Equal((1, ""), (bad.ExitCode, bad.Output));
    }

    [Theory]
    [InlineData("KMS gives 1 to 1024", "generate-random", "--number-of-bytes", "0")]
    [InlineData("KMS gives 1 to 1024", "generate-random", "--number-of-bytes", "1025")]
    [InlineData("required", "generate-random")]
    [InlineData("--key-spec (AES_256 or AES_128) or --number-of-bytes (1 to 1024)", "generate-data-key", "--key-id", "k")]
    [InlineData("only one of them", "generate-data-key", "--key-id", "k", "--key-spec", "AES_256", "--number-of-bytes", "5")]
    [InlineData("'AES_512' is not a key spec", "generate-data-key", "--key-id", "k", "--key-spec", "AES_512")]
    [InlineData("RSA_1024", "generate-data-key-pair", "--key-id", "k", "--key-pair-spec", "RSA_1024")]
    [InlineData("required", "generate-data-key-pair", "--key-id", "k")]
    [InlineData("--public-key or --public-key-file", "derive-shared-secret", "--key-id", "k")]
    [InlineData("'a' twice", "generate-data-key", "--key-id", "k", "--key-spec", "AES_256", "-e", "a=1", "-e", "a=2")]
    [InlineData("--nonce takes hexadecimal digits", "attest", "--nonce", "xyz")]
    [InlineData("at most 1024 bytes", "attest", "--user-data", "LONG")]
    public async Task Arguments_pastTheirBounds_areWrongUsage(string error, params string[] arguments)
    {
        arguments = [.. arguments.Select(argument => argument == "LONG" ? new string('a', 2050) : argument)];

        ProgramResult result = await RunAsync(arguments);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate-random", "--number-of-bytes", "8")]
    [InlineData("describe")]
    [InlineData("attest")]
    public async Task Enclave_thatIsNotThere_isSaidSo(params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", [.. arguments, "--cid", "unix:" + _directory["nobody.sock"]], Environment());

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task Decrypt_whenTheEnclaveKeepsThePlaintext_tellsItsHashAlone()
    {
        await using TestEnclave pinned = await TestEnclave.StartAsync(options => options with { Disclosure = SecretDisclosure.Sha256 });
        string ciphertext = pinned.Encrypt("secret"u8);

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", pinned.Address.ToString(), "--output", "json", ciphertext], Environment(pinned));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("pinned (--reply) not to give the result", result.Error, StringComparison.Ordinal);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("secret"u8)), JsonElement.Parse(result.Output).GetProperty("Sha256").GetString());
    }

    /// <summary>A script would take what stands in its place for the secret.</summary>
    [Theory]
    [InlineData("decrypt", "text")]
    [InlineData("decrypt", "base64")]
    [InlineData("decrypt", "raw")]
    [InlineData("generate-random", "raw")]
    public async Task Result_thatIsWithheld_isAFailureInAllFormatsButJson(string command, string format)
    {
        await using TestEnclave pinned = await TestEnclave.StartAsync(options => options with { Disclosure = SecretDisclosure.None });
        string[] arguments = command == "decrypt" ? [pinned.Encrypt("secret"u8)] : ["--length", "8"];

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", [command, "--cid", pinned.Address.ToString(), "--output", format, .. arguments], Environment(pinned));

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("pinned (--reply)", result.Error, StringComparison.Ordinal);
    }

    /// <summary>The code of a dry run means something only where one was asked for.</summary>
    [Fact]
    public async Task DryRunsCode_withoutADryRun_isAnError()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, "{\"Status\":\"Error\",\"Message\":\"x\",\"Code\":\"DryRunOperationException\"}\0");

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["--cid", enclave.Address.ToString(), "AAAA"], Environment());

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
    }

    /// <summary>The original does not know the member and decrypts.</summary>
    [Fact]
    public async Task DryRun_thatTheEnclaveCarriesOut_showsNothingAndFails()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate);

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", enclave.Address.ToString(), "--dry-run", "AAAA"], Environment());

        Assert.Equal((5, ""), (result.ExitCode, result.Output));
        Assert.Contains("knows no dry runs", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("describe")]
    [InlineData("credentials")]
    [InlineData("generate-random", "--length", "8")]
    public async Task Result_thatCannotBeWritten_isAFailure(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "kmstool-instance");
        string enclave = arguments[0] == "credentials" ? "" : $"--cid {_enclave.Address}";

        ProgramResult full = await ProgramRunner.RunAsync("/bin/sh", ["-c", $"exec \"$0\" {string.Join(' ', arguments)} {enclave} >/dev/full", program], Environment());

        Assert.Equal(1, full.ExitCode);
        Assert.Contains("could not be written to stdout", Assert.Single(full.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pin_thatIsViolated_isNamed()
    {
        await using TestEnclave pinned = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Pins = new KmsPins { Operations = ["Decrypt"] } } });

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance",
            ["generate-random", "--length", "8", "--cid", pinned.Address.ToString()], Environment(pinned));

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("--operations", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("decrypt")]
    [InlineData("generate-random", "--length", "8")]
    public async Task ExpiredToken_isAnsweredByOneRefreshAndOneRetry(params string[] arguments)
    {
        string[] ciphertext = arguments[0] == "decrypt" ? [_enclave.Encrypt("secret"u8)] : [];
        _enclave.Simulator.Host.Faults[SimulatorFault.KmsExpiredTokenOnce] = true;

        ProgramResult result = await RunAsync([.. arguments, .. ciphertext, "--log-level", "debug"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("credentials asked for anew", result.Error, StringComparison.Ordinal);
    }

    private static JsonElement AssertJsonLine(ProgramResult result)
    {
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return JsonElement.Parse(Assert.Single(result.Output.TrimEnd('\n').Split('\n')));
    }

    private Dictionary<string, string> Environment(TestEnclave? enclave = null) => new()
    {
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = (enclave ?? _enclave).Simulator.Host.ImdsEndpoint.GetLeftPart(UriPartial.Authority),
    };

    private Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-instance", [.. arguments, "--cid", _enclave.Address.ToString()], Environment());
}
