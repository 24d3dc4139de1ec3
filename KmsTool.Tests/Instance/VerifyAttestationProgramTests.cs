using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Attestation;
using KmsTool.Tests.Protocol.Attestation;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>verify-attestation, as a process.</summary>
public sealed class VerifyAttestationProgramTests : IDisposable
{
    private static readonly string Now = TestChain.Now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    private static readonly string Pcr0 = Convert.ToHexString(TestChain.Pcr(0));
    private static readonly TestChain Chain = TestChain.Create();

    /// <summary>Options that do not go with a good document.</summary>
    private static readonly Dictionary<AttestationFailure, (string Reason, string[] Options)> Unmet = new()
    {
        [AttestationFailure.PcrMismatch] = ($"PCR0 is {Pcr0}, expected", ["--pcr", "0=" + new string('0', 96)]),
        [AttestationFailure.NonceMismatch] = ("the nonce is not the expected one", ["--nonce", "07"]),
        [AttestationFailure.UserDataMismatch] = ("the user data are not the expected ones", ["--user-data", "04"]),
        [AttestationFailure.TooOld] = ("old, more than 00:01:00", ["--max-age", "60", "--at", "2026-03-14T15:19:26Z"]),
        [AttestationFailure.InTheFuture] = ("ahead of the verifier's clock", ["--max-age", "60", "--at", "2026-03-14T14:59:26+00:00"]),
    };

    /// <summary>A document, the root that it should lead to and the reason, one for each rule.</summary>
    private static readonly Dictionary<AttestationFailure, (string Reason, Func<(TestChain Chain, byte[] Document)> Make)> Broken = BrokenByRule();

    private readonly TempDirectory _directory = new();

    public static TheoryData<string> Rules => [.. Broken.Keys.Concat(Unmet.Keys).Select(rule => rule.ToString())];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Verify_ofAGoodDocument_printsWhatItSays()
    {
        ProgramResult result = await RunAsync(
            Chain, Chain.Sign(Chain.Document()), "--pcr", "0=" + Pcr0, "--pcr", "4=" + Convert.ToHexString(TestChain.Pcr(4)), "--nonce", "06", "--user-data", "0405", "--max-age", "60");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal($"The root is that of {_directory["root.pem"]}, not AWS's: no AWS hardware vouches for this document.\n", result.Error);
        Assert.Matches($"(?m)^Valid: +yes, as of {Now}$", result.Output);
        Assert.Matches("(?m)^Module: +i-0123456789abcdef0-enc0123456789abcdef$", result.Output);
        Assert.Matches($"(?m)^PCR0: +{Pcr0.ToLowerInvariant()}$", result.Output);
        Assert.Matches("(?m)^User data: +0405$", result.Output);
        Assert.Matches("(?m)^Public key: +present, 3 bytes$", result.Output);
        Assert.Matches(@"(?m)^Certificate: +.*CN=i-0123456789abcdef0-enc0123456789abcdef\.test", result.Output);
        Assert.Matches("(?m)^Certificate valid: +2026-03-14T14:09:26Z to 2026-03-14T17:09:26Z$", result.Output);
    }

    [Fact]
    public async Task Verify_ofAGoodDocument_printsItAsJson()
    {
        ProgramResult result = await RunAsync(Chain, Chain.Sign(Chain.Document() with { UserData = null }, tagged: true), "--output", "json");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("No measurement was compared", result.Error, StringComparison.Ordinal);
        var json = JsonElement.Parse(result.Output);
        Assert.True(json.GetProperty("Valid").GetBoolean());
        Assert.False(json.GetProperty("AwsRoot").GetBoolean());
        Assert.Equal(Pcr0, json.GetProperty("Pcrs").GetProperty("0").GetString(), ignoreCase: true);
        Assert.Equal(Now, json.GetProperty("Timestamp").GetString());
        Assert.Equal(("06", null), (json.GetProperty("Nonce").GetString(), json.GetProperty("UserData").GetString()));
        Assert.Equal("AQID", json.GetProperty("PublicKey").GetString());
        Assert.Equal("2026-03-14T17:09:26Z", json.GetProperty("Certificate").GetProperty("NotAfter").GetString());
    }

    [Fact]
    public async Task Verify_ofDebugMode_saysSoLoudly()
    {
        AttestationDocument document = Chain.Document() with { Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = new byte[48] } };

        ProgramResult result = await RunAsync(Chain, Chain.Sign(document));

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("DEBUG MODE: PCR0 measures no image.", result.Error, StringComparison.Ordinal);
        Assert.Matches("(?m)^Debug mode: +YES", result.Output);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Verify_ofADocumentThatBreaksARule_saysWhichAndExitsWith1(string rule)
    {
        AttestationFailure failure = Enum.Parse<AttestationFailure>(rule);
        (string reason, TestChain chain, byte[] document, string[] options) = Unmet.TryGetValue(failure, out (string Reason, string[] Options) unmet)
            ? (unmet.Reason, Chain, Chain.Sign(Chain.Document()), unmet.Options)
            : Make(Broken[failure]);

        ProgramResult text = await RunAsync(chain, document, options);
        ProgramResult json = await RunAsync(chain, document, [.. options, "--output", "json"]);

        Assert.Equal((1, 1, ""), (text.ExitCode, json.ExitCode, text.Output));
        string line = Assert.Single(text.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith($"kmstool-instance: The document is not valid ({rule}): ", line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.OrdinalIgnoreCase);
        var report = JsonElement.Parse(json.Output);
        Assert.Equal((false, rule), (report.GetProperty("Valid").GetBoolean(), report.GetProperty("Failure").GetString()));
        Assert.Contains(reason, report.GetProperty("Reason").GetString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Every_rule_that_the_command_checks_has_a_test() => Assert.Equal(
        [AttestationFailure.None, AttestationFailure.PublicKeyMissing, AttestationFailure.DebugMode],
        Enum.GetValues<AttestationFailure>().Except(Broken.Keys).Except(Unmet.Keys));

    [Fact]
    public async Task Verify_withoutARoot_takesAwsAlone()
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["verify-attestation", "--at", Now], input: Chain.Sign(Chain.Document()));

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("(RootMismatch): cabundle[0] is not the pinned root", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base64")]
    [InlineData("wrapped")]
    [InlineData("UTF-16")]
    public async Task Verify_ofBase64FromStdin_isValid(string form)
    {
        string base64 = Convert.ToBase64String(Chain.Sign(Chain.Document()), form == "base64" ? Base64FormattingOptions.None : Base64FormattingOptions.InsertLineBreaks);
        byte[] input = form == "UTF-16" ? [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(base64)] : Encoding.ASCII.GetBytes(base64 + "\n");

        ProgramResult result = await RunOnInputAsync(input, "-");

        Assert.True(result.ExitCode == 0, result.Error);
    }

    [Theory]
    [InlineData("base64url")]
    [InlineData("hex")]
    [InlineData("JSON")]
    public async Task Verify_ofAnotherEncoding_isValid(string form)
    {
        byte[] document = Chain.Sign(Chain.Document());
        string text = form switch
        {
            "base64url" => System.Buffers.Text.Base64Url.EncodeToString(document),
            "hex" => "0x" + Convert.ToHexString(document),
            _ => JsonSerializer.Serialize(new { Document = document }),
        };

        ProgramResult result = await RunOnInputAsync(Encoding.ASCII.GetBytes(text));

        Assert.True(result.ExitCode == 0, result.Error);
    }

    [Fact]
    public async Task Verify_ofAnUnknownEncoding_saysWhichAreTaken()
    {
        ProgramResult result = await RunOnInputAsync("-----BEGIN DOCUMENT-----"u8.ToArray());

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Contains("(CoseMalformed)", line, StringComparison.Ordinal);
        Assert.All(["base64", "base64url", "hexadecimal", "JSON"], encoding => Assert.Contains(encoding, line, StringComparison.Ordinal));
    }

    /// <summary>AWS has signed documents of this form.</summary>
    [Fact]
    public async Task Verify_ofAnEmptyPublicKey_isValidAndSaysSo()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        byte[] document = await nsm.AttestAsync(Array.Empty<byte>());
        string[] arguments = ["verify-attestation", "--root", Path.Combine(simulator.Host.Files.Directory, "nsm-root.pem"), "--output"];

        ProgramResult text = await ProgramRunner.RunAsync("kmstool-instance", [.. arguments, "text"], input: document);
        ProgramResult json = await ProgramRunner.RunAsync("kmstool-instance", [.. arguments, "json"], input: document);

        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.Matches("(?m)^Public key: +empty$", text.Output);
        Assert.Equal("", JsonElement.Parse(json.Output).GetProperty("PublicKey").GetString());
    }

    [Fact]
    public async Task Verify_ofFarTooMuch_isRefusedUnread()
    {
        ProgramResult result = await RunOnInputAsync(new byte[1024 * 1024]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("(DocumentTooLarge): it has more than 16384 bytes", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The document cannot be read", "missing.cbor")]
    [InlineData("The root certificate cannot be read", "--root", "missing.pem", "-")]
    [InlineData("The root certificate cannot be read", "--simulator", "missing", "-")]
    [InlineData("is not a certificate", "--root", "/dev/null", "-")]
    [InlineData("give one", "--root", "a", "--simulator", "b")]
    [InlineData("is not a time", "--at", "yesterday")]
    [InlineData("is not a time", "--at", "2026-13-14T15:09:26Z")]
    [InlineData("is not a time", "--max-age", "-5")]
    [InlineData("hexadecimal digits", "--nonce", "0")]
    [InlineData("hexadecimal digits", "--nonce", "random")]
    [InlineData("hexadecimal digits", "--user-data", "0x00")]
    [InlineData("96 hexadecimal digits", "--pcr", "0=00")]
    public async Task Verify_ofWrongArguments_isWrongUsage(string reason, params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["verify-attestation", .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
    }

    private Task<ProgramResult> RunAsync(TestChain chain, byte[] document, params string[] options)
    {
        WriteRoot(chain);
        File.WriteAllBytes(_directory["document.cbor"], document);
        string[] time = options.Contains("--at") ? [] : ["--at", Now];
        return ProgramRunner.RunAsync("kmstool-instance", ["verify-attestation", "--root", _directory["root.pem"], .. time, .. options, _directory["document.cbor"]]);
    }

    private Task<ProgramResult> RunOnInputAsync(byte[] input, params string[] arguments)
    {
        WriteRoot(Chain);
        return ProgramRunner.RunAsync("kmstool-instance", ["verify-attestation", "--root", _directory["root.pem"], "--at", Now, .. arguments], input: input);
    }

    private void WriteRoot(TestChain chain) => File.WriteAllText(_directory["root.pem"], PemEncoding.WriteString("CERTIFICATE", chain.Authorities[0]));

    private static (string Reason, TestChain Chain, byte[] Document, string[] Options) Make((string Reason, Func<(TestChain Chain, byte[] Document)> Make) broken)
    {
        (TestChain chain, byte[] document) = broken.Make();
        return (broken.Reason, chain, document, []);
    }

    /// <summary>The verifier's own tests break each rule in many ways; here goes one of each through the program.</summary>
    private static Dictionary<AttestationFailure, (string Reason, Func<(TestChain Chain, byte[] Document)> Make)> BrokenByRule()
    {
        var broken = new Dictionary<AttestationFailure, (string Reason, Func<(TestChain Chain, byte[] Document)> Make)>();
        foreach ((AttestationFailure failure, string reason, Func<TestPayload, TestPayload> breakIt) in AttestationVerifierTests.BrokenPayloads.Values)
        {
            broken.TryAdd(failure, (reason, () => (Chain, Chain.Sign(breakIt(new TestPayload(Chain.Document())).Encode()))));
        }

        foreach ((AttestationFailure failure, string reason, Func<byte[], byte[], byte[]> make) in AttestationVerifierTests.BrokenDocuments.Values)
        {
            broken.TryAdd(failure, (reason, () => (Chain, BreakDocument(make))));
        }

        foreach ((AttestationFailure failure, string reason, Func<TestChain> make) in AttestationChainTests.BrokenChains.Values)
        {
            broken.TryAdd(failure, (reason, () => SignWith(make())));
        }

        return broken;
    }

    private static byte[] BreakDocument(Func<byte[], byte[], byte[]> make)
    {
        byte[] payload = Chain.Document().EncodePayload();
        return make(payload, CoseSign1.Parse(Chain.Sign(payload)).Signature.ToArray());
    }

    private static (TestChain Chain, byte[] Document) SignWith(TestChain chain) => (chain, chain.Sign(chain.Document()));
}
