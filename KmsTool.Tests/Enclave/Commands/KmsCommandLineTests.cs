using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Commands;

/// <summary>What the commands inside the enclave do beyond the original.</summary>
public sealed class KmsCommandLineTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _directory = new();
    private TestEnclave _enclave = null!;

    public static TheoryData<string> Commands =>
        [.. KmsTool.Enclave.Program.BuildCommandTree("kmstool_enclave_cli", new ServeCommandLine()).Subcommands.Select(command => command.Name)];

    public async Task InitializeAsync() => _enclave = await TestEnclave.StartAsync();

    public async Task DisposeAsync() => await _enclave.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_fits80ColumnsAndNamesEveryOption(string command)
    {
        RootCommand root = KmsTool.Enclave.Program.BuildCommandTree("kmstool-enclave", new ServeCommandLine());
        ParseResult parsed = CommandRunner.Parse(root, [command, "--help"]);
        using var output = new StringWriter();

        Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output }));

        string text = output.ToString();
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.All(parsed.CommandResult.Command.Options, option => Assert.Contains(option.Name, text, StringComparison.Ordinal));
        Assert.Contains("Examples:", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_withCredentialsOfTheEnvironmentAndAContext_printsThePlaintext()
    {
        string ciphertext = _enclave.Encrypt("secret"u8, new Dictionary<string, string> { ["Purpose"] = "a=b", ["Empty"] = "" });

        ProgramResult result = await RunAsync(WithCredentials(), default, "decrypt", "--ciphertext", ciphertext, "-e", "Purpose=a=b", "--encryption-context", "Empty=");

        Assert.Equal((0, "PLAINTEXT: c2VjcmV0\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData("file://")]
    [InlineData("fileb://")]
    public async Task Decrypt_of_a_file_reference_prints_the_plaintext(string prefix)
    {
        string ciphertext = _enclave.Encrypt("secret"u8);
        await File.WriteAllBytesAsync(
            _directory["c"], prefix == "fileb://" ? Convert.FromBase64String(ciphertext) : Encoding.ASCII.GetBytes(ciphertext + "\n"));

        ProgramResult result = await RunAsync(WithCredentials(), default, "decrypt", "--ciphertext", prefix + _directory["c"]);

        Assert.Equal((0, "PLAINTEXT: c2VjcmV0\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Decrypt_withAKeyIdAndNoAlgorithm_isThatKeysAlone()
    {
        string key = _enclave.CreateKey();
        string ciphertext = Convert.ToBase64String(_enclave.Simulator.Host.Encrypt(key, "secret"u8));

        ProgramResult good = await RunAsync(WithCredentials(), default, "decrypt", "--ciphertext", ciphertext, "--key-id", key);
        ProgramResult bad = await RunAsync(WithCredentials(), default, "decrypt", "--ciphertext", ciphertext, "--key-id", _enclave.CreateKey());

        Assert.Equal((0, "PLAINTEXT: c2VjcmV0\n"), (good.ExitCode, good.Output));
        Assert.Equal((1, ""), (bad.ExitCode, bad.Output));
        Assert.Contains("IncorrectKeyException", bad.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SessionToken")]
    [InlineData("Token")]
    public async Task Credentials_overAFileDescriptor_areTaken(string tokenMember)
    {
        AwsCredential credential = _enclave.Simulator.Host.Role!.CurrentCredential();
        byte[] json = Encoding.UTF8.GetBytes(
            $$"""{"Version":1,"AccessKeyId":"{{credential.AccessKeyId}}","SecretAccessKey":"{{credential.SecretAccessKey}}","{{tokenMember}}":"{{credential.SessionToken}}","Expiration":"2099-01-01T00:00:00Z"}""");

        ProgramResult result = await RunAsync(EnclaveEnvironment.Of(_enclave), json, "genrandom", "--length", "8", "--credentials-fd", "0");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("PLAINTEXT: ", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "it is not a JSON object")]
    [InlineData("not json SECRETVALUE", "it is not a JSON object")]
    [InlineData("[]", "AccessKeyId or SecretAccessKey is missing")]
    [InlineData("""{"AccessKeyId":"SECRETVALUE"}""", "AccessKeyId or SecretAccessKey is missing")]
    [InlineData("""{"AccessKeyId":"A","SecretAccessKey":""}""", "AccessKeyId or SecretAccessKey is missing")]
    [InlineData("""{"AccessKeyId":"A","AccessKeyId":"B","SecretAccessKey":"SECRETVALUE"}""", "it is not a JSON object")]
    [InlineData("""{"AccessKeyId":"A\r\nX-Evil: 1","SecretAccessKey":"SECRETVALUE"}""", "malformed")]
    public async Task Credentials_overAFileDescriptor_thatAreNone_areRefusedUnquoted(string content, string error)
    {
        ProgramResult result = await RunAsync(
            EnclaveEnvironment.Of(_enclave), Encoding.UTF8.GetBytes(content), "genrandom", "--length", "8", "--credentials-fd", "0");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETVALUE", result.Error, StringComparison.Ordinal);
    }

    /// <summary>What <c>run</c> sets for an application's AWS SDK, and the application's commands inherit.</summary>
    [Fact]
    public async Task Decrypt_underRun_goesToKmsItself_withCredentialsOfItsOwn()
    {
        Dictionary<string, string> environment = UnderRun("http://127.0.0.1:9999");
        AwsCredential credential = _enclave.Simulator.Host.Role!.CurrentCredential();
        string ciphertext = _enclave.Encrypt("secret"u8);

        ProgramResult inherited = await RunAsync(environment, default, "decrypt", "--ciphertext", ciphertext);
        ProgramResult own = await RunAsync(
            environment, default, "decrypt", "--ciphertext", ciphertext,
            "-k", credential.AccessKeyId, "-s", credential.SecretAccessKey, "-t", credential.SessionToken!);

        Assert.Equal((3, ""), (inherited.ExitCode, inherited.Output));
        Assert.Contains("--credentials-fd", inherited.Error, StringComparison.Ordinal);
        Assert.Equal((0, "PLAINTEXT: c2VjcmV0\n", ""), (own.ExitCode, own.Output, own.Error));
    }

    [Theory]
    [InlineData("http://127.0.0.1:9998")]
    [InlineData("")]
    public async Task Decrypt_withAnEndpointWithoutTlsThatRunDidNotSet_isWrongUsage(string ofRun)
    {
        Dictionary<string, string> environment = UnderRun("http://127.0.0.1:9999");
        environment["AWS_KMS_ENDPOINT"] = ofRun;

        ProgramResult result = await RunAsync(environment, default, "decrypt", "--ciphertext", "AAAA");

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("99", 3, "file descriptor 99 cannot be read")]
    [InlineData("-1", 2, "--credentials-fd")]
    [InlineData("x", 2, "--credentials-fd takes the number")]
    public async Task Credentials_overADescriptorThatIsNone_areRefused(string descriptor, int exitCode, string error)
    {
        ProgramResult result = await RunAsync(EnclaveEnvironment.Of(_enclave), default, "genrandom", "--length", "8", "--credentials-fd", descriptor);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateDataKeyPair_printsCiphertextPublicAndPrivateKey()
    {
        ProgramResult result = await RunAsync(
            WithCredentials(), default, "generate-data-key-pair", "--key-id", _enclave.CreateKey(), "--key-pair-spec", "ECC_NIST_P256");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[][] lines = [.. result.Output.TrimEnd('\n').Split('\n').Select(line => line.Split(": "))];
        Assert.Equal(["CIPHERTEXT", "PUBLICKEY", "PLAINTEXT"], lines.Select(line => line[0]));
        using var pair = ECDsa.Create();
        pair.ImportPkcs8PrivateKey(Convert.FromBase64String(lines[2][1]), out _);
        Assert.Equal(Convert.FromBase64String(lines[1][1]), pair.ExportSubjectPublicKeyInfo());
    }

    [Theory]
    [InlineData("argument")]
    [InlineData("DER")]
    [InlineData("PEM")]
    [InlineData("fileb://")]
    [InlineData("file://")]
    public async Task DeriveSharedSecret_takesThePeersKeyInEachForm(string form)
    {
        string key = _enclave.CreateKey("ECC_NIST_P256");
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var own = ECDiffieHellman.Create();
        own.ImportSubjectPublicKeyInfo(_enclave.Simulator.Host.GetPublicKey(key).Span, out _);
        byte[] der = peer.ExportSubjectPublicKeyInfo();
        File.WriteAllBytes(_directory["DER"], der);
        File.WriteAllText(_directory["PEM"], "a comment\n" + peer.ExportSubjectPublicKeyInfoPem() + "\n");
        File.WriteAllText(_directory["base64"], Convert.ToBase64String(der, Base64FormattingOptions.InsertLineBreaks));
        string[] option = form switch
        {
            "argument" => ["--public-key", Convert.ToBase64String(der)],
            "fileb://" => ["--public-key", form + _directory["DER"]],
            "file://" => ["--public-key", form + _directory["base64"]],
            _ => ["--public-key-file", _directory[form]],
        };

        ProgramResult result = await RunAsync(WithCredentials(), default, ["derive-shared-secret", "--key-id", key, .. option]);

        Assert.Equal(
            (0, $"PLAINTEXT: {Convert.ToBase64String(peer.DeriveRawSecretAgreement(own.PublicKey))}\n", ""),
            (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData("needed, with --public-key or --public-key-file")]
    [InlineData("only one of them", "--public-key", "AAAA", "--public-key-file", "x")]
    [InlineData("not base64", "--public-key", "?")]
    [InlineData("has 0 bytes; KMS takes 1 to 8192", "--public-key", "")]
    [InlineData("cannot be read", "--public-key-file", "missing")]
    [InlineData("cannot be read", "--public-key", "fileb://missing")]
    [InlineData("has more than 16384 bytes", "--public-key", "file:///dev/zero")]
    public async Task DeriveSharedSecret_withoutAPublicKey_isWrongUsage(string error, params string[] arguments)
    {
        ProgramResult result = await RunAsync(WithCredentials(), default, ["derive-shared-secret", "--key-id", "k", .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "'a' twice", "-e", "a=1", "-e", "a=2")]
    [InlineData(2, "has no '='", "-e", "a")]
    [InlineData(2, "--encryption-context takes 8192 characters", "-e", "LONG=")]
    [InlineData(2, "--key-id must have 1 to 2048 characters", "--key-id", "")]
    [InlineData(2, "needs --key-id", "-a", "RSAES_OAEP_SHA_1")]
    [InlineData(2, "not a region code", "--region", "nowhere")]
    [InlineData(2, "chooses the endpoint", "--fips", "--kms-endpoint", "kms.example.com")]
    [InlineData(4, "KmsUnreachable", "--proxy", "unix:/nonexistent/proxy.sock")]
    [InlineData(4, "Nitro Secure Module", "--nsm", "unix:/nonexistent/nsm.sock")]
    public async Task Decrypt_withWhatCannotBe_saysWhy(int exitCode, string error, params string[] arguments)
    {
        arguments = [.. arguments.Select(argument => argument == "LONG=" ? "a=" + new string('x', 8192) : argument)];

        ProgramResult result = await RunAsync(WithCredentials(), default, ["decrypt", "--ciphertext", "AAAA", .. arguments]);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(error, Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GrantTokens_elevenAreRefusedAndTenTaken()
    {
        static IEnumerable<string> tokens(int count) => Enumerable.Range(1, count).SelectMany(i => new[] { "--grant-token", $"t{i}" });
        string ciphertext = _enclave.Encrypt("secret"u8);

        ProgramResult ten = await RunAsync(WithCredentials(), default, ["decrypt", "--ciphertext", ciphertext, .. tokens(10)]);
        ProgramResult eleven = await RunAsync(WithCredentials(), default, ["decrypt", "--ciphertext", ciphertext, .. tokens(11)]);

        Assert.Equal(0, ten.ExitCode);
        Assert.Equal(2, eleven.ExitCode);
        Assert.Contains("10 times at most", eleven.Error, StringComparison.Ordinal);
    }

    /// <summary>An argument of bytes that are no UTF-8 can only come from a shell.</summary>
    [Fact]
    public async Task Context_thatIsNotUtf8_isRefused()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "kmstool-enclave");

        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh", ["-c", "exec \"$0\" decrypt --ciphertext AAAA -e \"name=$(printf '\\303\\050')\"", program], WithCredentials());

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("not valid UTF-8", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_isKmssWord()
    {
        ProgramResult result = await RunAsync(WithCredentials(), default, "decrypt", "--dry-run", "--ciphertext", _enclave.Encrypt("secret"u8));

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("DryRunOperationException", result.Error, StringComparison.Ordinal);
    }

    private Dictionary<string, string> UnderRun(string endpoint)
    {
        using var key = LocalAccessKey.Generate();
        return new Dictionary<string, string>(EnclaveEnvironment.Of(_enclave))
        {
            ["AWS_ENDPOINT_URL_KMS"] = endpoint,
            ["AWS_KMS_ENDPOINT"] = endpoint,
            ["AWS_ACCESS_KEY_ID"] = key.Id,
            ["AWS_SECRET_ACCESS_KEY"] = key.SecretText(),
        };
    }

    private Dictionary<string, string> WithCredentials()
    {
        AwsCredential credential = _enclave.Simulator.Host.Role!.CurrentCredential();
        return new Dictionary<string, string>(EnclaveEnvironment.Of(_enclave))
        {
            ["AWS_ACCESS_KEY_ID"] = credential.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = credential.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = credential.SessionToken!,
        };
    }

    private Task<ProgramResult> RunAsync(Dictionary<string, string> environment, byte[]? input, params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-enclave",
        // Without the warning that the random source of this machine is another than nsm-hwrng.
        [.. arguments, .. (string[])(arguments.Contains("--proxy") ? [] : ["--proxy", _enclave.Options.Kms.Proxy.ToString()]), "--log-level", "error"],
        environment,
        input);
}
