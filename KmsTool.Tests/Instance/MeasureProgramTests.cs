using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KmsTool.Tests.Protocol;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>measure, as a process.</summary>
public sealed class MeasureProgramTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Measure_prints_the_measurements_as_text()
    {
        ProgramResult result = await RunAsync(TestImage.Create());

        byte[] commandLine = Encoding.UTF8.GetBytes(TestImage.CommandLine);
        Assert.Equal(
            $"""
            PCR0:                {TestImage.Create().Pcr0()}
            PCR1:                {TestImage.Pcr(TestImage.Kernel, commandLine, TestImage.Boot)}
            PCR2:                {TestImage.Pcr(TestImage.Application)}
            Architecture:        x86_64
            Default memory:      512 MiB
            Default CPUs:        2
            Command line:        {TestImage.CommandLine}
            Metadata:            {TestImage.Metadata}
            Signed by:           no one

            """,
            result.Output);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task Measure_prints_json_with_the_names_of_nitro_cli()
    {
        using var signer = new TestSigner();
        var image = TestImage.Create();
        image.Sections.Add((TestImage.SignatureType, signer.Section(image.Pcr0())));

        ProgramResult result = await RunAsync(image, "--output", "json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var json = JsonElement.Parse(result.Output);
        JsonElement measurements = json.GetProperty("Measurements");
        Assert.Equal(["HashAlgorithm", "PCR0", "PCR1", "PCR2", "PCR8"], measurements.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Sha384 { ... }", measurements.GetProperty("HashAlgorithm").GetString());
        Assert.Equal(TestImage.Create().Pcr0(), measurements.GetProperty("PCR0").GetString());
        Assert.Equal(TestImage.Pcr(signer.Certificate), measurements.GetProperty("PCR8").GetString());
        Assert.True(json.GetProperty("IsSigned").GetBoolean());
        Assert.Equal("x86_64", json.GetProperty("Architecture").GetString());
        Assert.Equal(512 << 20, json.GetProperty("DefaultMemory").GetInt32());
        Assert.Equal(TestImage.CommandLine, json.GetProperty("CommandLine").GetString());
        Assert.Equal("test", json.GetProperty("Metadata").GetProperty("ImageName").GetString());
        Assert.Equal("Jan  2 03:04:05 2021 GMT", json.GetProperty("SigningCertificate").GetProperty("NotAfter").GetString());
        Assert.Equal(6, json.GetProperty("Sections").GetArrayLength());
    }

    /// <summary>The members of nitro-cli's EifDescribeInfo (aws-nitro-enclaves-cli, src/common/json_output.rs).</summary>
    [Fact]
    public async Task Measure_json_has_every_member_that_scripts_read_from_describe_eif()
    {
        const string Metadata =
            """
            {"ImageName":"vault","ImageVersion":"1.2","BuildMetadata":{"BuildTime":"2026-01-02T03:04:05+00:00","BuildTool":"nitro-cli",
            "BuildToolVersion":"1.4.2","OperatingSystem":"Linux","KernelVersion":"4.14.256"},"DockerInfo":{"Id":"sha256:1"},
            "CustomMetadata":{"team":"keys","BuildTool":"forged"},"BuildTime":"forged"}
            """;
        using var signer = new TestSigner();
        var image = TestImage.CreateSmall();
        image.Sections[2] = (TestImage.MetadataType, Encoding.UTF8.GetBytes(Metadata));
        image.Sections.Add((TestImage.SignatureType, signer.Section(image.Pcr0())));

        var json = JsonElement.Parse((await RunAsync(image, "--output", "json")).Output);

        Assert.Equal(4, json.GetProperty("EifVersion").GetInt32());
        Assert.True(json.GetProperty("IsSigned").GetBoolean());
        Assert.True(json.GetProperty("CheckCRC").GetBoolean());
        Assert.True(json.GetProperty("SignatureCheck").GetBoolean());
        Assert.Equal("vault", json.GetProperty("ImageName").GetString());
        Assert.Equal("1.2", json.GetProperty("ImageVersion").GetString());
        JsonElement metadata = json.GetProperty("Metadata");
        Assert.Equal(
            ["BuildTime", "BuildTool", "BuildToolVersion", "OperatingSystem", "KernelVersion", "ImageName", "ImageVersion", "BuildMetadata", "DockerInfo", "CustomMetadata", "team"],
            metadata.EnumerateObject().Select(member => member.Name));
        Assert.Equal("2026-01-02T03:04:05+00:00", metadata.GetProperty("BuildTime").GetString());
        Assert.Equal("nitro-cli", metadata.GetProperty("BuildTool").GetString());
        Assert.Equal("4.14.256", metadata.GetProperty("BuildMetadata").GetProperty("KernelVersion").GetString());
        JsonElement certificate = json.GetProperty("SigningCertificate");
        Assert.Equal("""{"commonName":"signer","organizationName":"Example"}""", JsonSerializer.Serialize(certificate.GetProperty("IssuerName")));
        Assert.Equal("ecdsa-with-SHA384", certificate.GetProperty("Algorithm").GetString());
        using var openSsl = new OpenSsl();
        openSsl.Write("certificate.der", signer.Certificate);
        Assert.Equal(
            await openSsl.RunAsync("x509", "-inform", "DER", "-in", "certificate.der", "-noout", "-startdate", "-enddate"),
            $"notBefore={certificate.GetProperty("NotBefore").GetString()}\nnotAfter={certificate.GetProperty("NotAfter").GetString()}\n");
        Assert.EndsWith(certificate.GetProperty("Signature").GetString()!.Replace(":", "", StringComparison.Ordinal), Convert.ToHexString(signer.Certificate), StringComparison.Ordinal);
        Assert.Matches("^30(:[0-9A-F]{2}){100,}$", certificate.GetProperty("Signature").GetString());
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"BuildMetadata":[1],"CustomMetadata":"x","ImageName":null}""", """{"BuildMetadata":[1],"CustomMetadata":"x","ImageName":null}""")]
    public async Task Measure_json_of_metadata_of_another_form_keeps_them(string metadata, string expected)
    {
        var image = TestImage.CreateSmall();
        image.Sections[2] = (TestImage.MetadataType, Encoding.UTF8.GetBytes(metadata));

        var json = JsonElement.Parse((await RunAsync(image, "--output", "json")).Output);

        Assert.Equal(expected, JsonSerializer.Serialize(json.GetProperty("Metadata")));
        Assert.False(json.TryGetProperty("ImageVersion", out _));
        Assert.False(json.TryGetProperty("SigningCertificate", out _));
        Assert.False(json.TryGetProperty("SignatureCheck", out _));
    }

    [Fact]
    public async Task Measure_shows_the_signer_of_a_signed_image()
    {
        using var signer = new TestSigner();
        var image = TestImage.CreateSmall();
        image.Sections.Add((TestImage.SignatureType, signer.Section(image.Pcr0())));

        ProgramResult result = await RunAsync(image);

        Assert.Matches($"(?m)^PCR8: +{TestImage.Pcr(signer.Certificate)}$", result.Output);
        Assert.Matches("(?m)^Signed by: +CN=signer, O=Example$", result.Output);
        Assert.Matches("(?m)^Certificate valid: +2020-01-02T03:04:05Z to 2021-01-02T03:04:05Z$", result.Output);
    }

    [Theory]
    [InlineData("nistP256")]
    [InlineData("nistP521")]
    public async Task Measure_takes_signatures_of_the_other_curves(string curve)
    {
        using var signer = new TestSigner(ECCurve.CreateFromFriendlyName(curve));
        var image = TestImage.CreateSmall();
        image.Sections.Add((TestImage.SignatureType, signer.Section(image.Pcr0())));

        ProgramResult result = await RunAsync(image);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches($"(?m)^PCR8: +{TestImage.Pcr(signer.Certificate)}$", result.Output);
    }

    [Fact]
    public async Task Measure_of_an_image_with_further_flags_reports_them_and_warns()
    {
        var image = new TestImage { Flags = 0x0240, Sections = TestImage.CreateSmall().Sections };

        ProgramResult text = await RunAsync(image);
        ProgramResult json = await RunAsync(image, "--output", "json");

        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.Matches($"(?m)^PCR0: +{image.Pcr0()}$", text.Output);
        Assert.Matches("(?m)^Further flags: +0x0240$", text.Output);
        Assert.Equal("0x0240", JsonElement.Parse(json.Output).GetProperty("FurtherFlags").GetString());
        Assert.All([text.Error, json.Error], error => Assert.Contains("0x0240", Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal));
    }

    // As Bottlerocket's builder signs images: with the flags included in PCR0.
    [Fact]
    public async Task Measure_of_an_image_whose_signature_covers_another_PCR0_shows_it_and_warns()
    {
        string signed = new string('a', 96);
        using var signer = new TestSigner(ECCurve.NamedCurves.nistP256);
        var image = new TestImage
        {
            Flags = 0x0240,
            Sections = [.. TestImage.CreateSmall().Sections, (TestImage.SignatureType, signer.Section(signed))],
        };

        ProgramResult text = await RunAsync(image);
        ProgramResult json = await RunAsync(image, "--output", "json");

        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.Matches($"(?m)^PCR0: +{image.Pcr0()}$", text.Output);
        Assert.Matches($"(?m)^Signed PCR0: +{signed}$", text.Output);
        var members = JsonElement.Parse(json.Output);
        Assert.Equal((image.Pcr0(), signed), (members.GetProperty("Measurements").GetProperty("PCR0").GetString(), members.GetProperty("SignedPCR0").GetString()));
        Assert.All([text.Error, json.Error], error => Assert.Contains(signed, error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Measure_on_a_terminal_shows_progress_and_then_the_result()
    {
        await File.WriteAllBytesAsync(_directory["image.eif"], TestImage.Create().Encode());
        string program = Path.Combine(AppContext.BaseDirectory, "kmstool-instance");

        // script(1) gives the program a terminal for all three of its streams.
        ProgramResult file = await ProgramRunner.RunAsync(
            "/usr/bin/script", ["-qec", $"'{program}' measure '{_directory["image.eif"]}'", "/dev/null"], Terminal);
        ProgramResult pipe = await ProgramRunner.RunAsync(
            "/usr/bin/script", ["-qec", $"cat '{_directory["image.eif"]}' | '{program}' measure -", "/dev/null"], Terminal);

        foreach (ProgramResult result in new[] { file, pipe })
        {
            Assert.Equal(0, result.ExitCode);
            int shown = result.Output.IndexOf("MiB measured", StringComparison.Ordinal);
            Assert.InRange(result.Output.IndexOf("PCR0:", StringComparison.Ordinal), shown + 1, int.MaxValue);
            Assert.True(shown >= 0);
        }

        Assert.Matches(@"\d%", file.Output);
    }

    [Fact]
    public async Task Measure_of_text_that_changes_a_terminal_prints_it_harmless()
    {
        var image = TestImage.CreateSmall();
        image.Sections[1] = (TestImage.CommandLineType, "quiet\u001b[2J\nPCR0: forged\u202e"u8.ToArray());

        ProgramResult text = await RunAsync(image);
        ProgramResult json = await RunAsync(image, "--output", "json");

        Assert.Matches(@"(?m)^Command line: +quiet\\u001B\[2J\\u000APCR0: forged\\u202E$", text.Output);
        Assert.DoesNotContain(json.Output, value => value is '\u001b' or '\u202e');
    }

    [Fact]
    public async Task Measure_of_stdin_reads_the_image_from_there()
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["measure", "-"], input: TestImage.CreateSmall().Encode());

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith($"PCR0:                {TestImage.CreateSmall().Pcr0()}\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Measure_of_a_broken_image_names_the_field()
    {
        await File.WriteAllBytesAsync(_directory["image.eif"], TestImage.CreateSmall().EncodeWith(TestImage.SizeField(4), 1UL << 31, 8));

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory["image.eif"]]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal(
            $"kmstool-instance: {_directory["image.eif"]} is not a valid enclave image: section_sizes[4]: 2147483648 bytes are past the end of the file, expected at most 2.\n",
            result.Error);
    }

    [Fact]
    public async Task Measure_of_a_file_that_cannot_be_read_is_wrong_usage()
    {
        ProgramResult missing = await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory["missing.eif"]]);
        ProgramResult directory = await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory.Path]);
        ProgramResult none = await ProgramRunner.RunAsync("kmstool-instance", ["measure"]);

        Assert.Equal((2, 2, 2), (missing.ExitCode, directory.ExitCode, none.ExitCode));
        Assert.StartsWith("kmstool-instance: The image cannot be read: ", missing.Error, StringComparison.Ordinal);
        Assert.EndsWith("See 'kmstool-instance measure --help'.\n", missing.Error, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Terminal => new() { ["TERM"] = "xterm-256color", ["PATH"] = "/usr/bin:/bin" };

    private async Task<ProgramResult> RunAsync(TestImage image, params string[] arguments)
    {
        await File.WriteAllBytesAsync(_directory["image.eif"], image.Encode());
        return await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory["image.eif"], .. arguments]);
    }
}
