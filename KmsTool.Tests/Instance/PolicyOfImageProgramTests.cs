using System.Text;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>policy --image, as a process.</summary>
public sealed class PolicyOfImageProgramTests : IDisposable
{
    private static readonly string Pcr = string.Concat(Enumerable.Repeat("1e", 48));
    private static readonly string Pcr0 = TestImage.Create().Pcr0();
    private static readonly string Pcr1 = TestImage.Pcr(TestImage.Kernel, Encoding.UTF8.GetBytes(TestImage.CommandLine), TestImage.Boot);
    private static readonly string Pcr2 = TestImage.Pcr(TestImage.Application);

    private readonly TempDirectory _directory = new();
    private readonly TestSigner _signer = new();

    public PolicyOfImageProgramTests() => Write(TestImage.Create().Encode());

    public void Dispose()
    {
        _signer.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Policy_ofAnImage_namesItsPcr0AsTheTutorialDoes()
    {
        ProgramResult result = await RunAsync();

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([("kms:RecipientAttestation:ImageSha384", Pcr0)], Conditions(result));
        Assert.Equal(result.Output, (await RunAsync("--image-pcrs", "0", "--pcr", $"0={Pcr0.ToUpperInvariant()}")).Output);
    }

    [Fact]
    public async Task Policy_ofAnImageOnStdin_isTheSame()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", [.. Arguments("-"), "--image-pcrs", "2"], input: TestImage.Create().Encode());

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([("kms:RecipientAttestation:PCR2", Pcr2)], Conditions(result));
    }

    [Fact]
    public async Task Policy_ofASignedImage_namesTheMeasurementsAskedForAndTheGivenOnes()
    {
        WriteSigned();

        ProgramResult result = await RunAsync("--image-pcrs", "8, 0,1,2", "--pcr", $"3={Pcr}", "--deny");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        (string, string)[] expected =
        [
            ("kms:RecipientAttestation:ImageSha384", Pcr0), ("kms:RecipientAttestation:PCR1", Pcr1), ("kms:RecipientAttestation:PCR2", Pcr2),
            ("kms:RecipientAttestation:PCR3", Pcr), ("kms:RecipientAttestation:PCR8", TestImage.Pcr(_signer.Certificate)),
        ];
        Assert.Equal(expected, Conditions(result));
        Assert.Equal(5, PolicyParser.Parse(result.Output).Statements.Count(statement => statement.Effect == PolicyEffect.Deny));
    }

    [Fact]
    public async Task Policy_ofAnImageWithFurtherFlags_isThatOfThePublishedRuleAndWarns()
    {
        Write(new TestImage { Flags = 0x0240, Sections = TestImage.Create().Sections }.Encode());

        ProgramResult result = await RunAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Equal([("kms:RecipientAttestation:ImageSha384", Pcr0)], Conditions(result));
        Assert.Contains("0x0240", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--pcr 0: the image has another PCR0, PCR0;", "--pcr", "0=PCR")]
    [InlineData("--pcr 0: the image has another PCR0", "--pcr", "0=ZEROS", "--debug-mode")]
    [InlineData("--pcr 2: the image has another PCR2", "--pcr", "2=PCR")]
    [InlineData("--pcr 8: the image is not signed", "--pcr", "8=PCR")]
    [InlineData("--image-pcrs: the image is not signed, so it has no PCR8", "--image-pcrs", "0,8")]
    [InlineData("--image-pcrs '3': an image has 0, 1, 2, 8", "--image-pcrs", "0,3")]
    [InlineData("--image-pcrs '': ", "--image-pcrs", "0,")]
    [InlineData("--image-pcrs '-1': ", "--image-pcrs", "-1")]
    [InlineData("--image-pcrs: 1 is given twice", "--image-pcrs", "1,01")]
    [InlineData("PCR4 is all zeros", "--pcr", "4=ZEROS")]
    public async Task Policy_ofAnImageAndArgumentsThatDoNotAgree_isWrongUsage(string reason, params string[] arguments)
    {
        ProgramResult result = await RunAsync([.. arguments.Select(argument => argument
            .Replace("=PCR", "=" + Pcr, StringComparison.Ordinal).Replace("ZEROS", new string('0', 96), StringComparison.Ordinal))]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason.Replace(", PCR0;", $", {Pcr0};", StringComparison.Ordinal), result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_ofASignedImageAndAnotherPcr8_isWrongUsage()
    {
        WriteSigned();

        ProgramResult result = await RunAsync("--pcr", $"8={Pcr}");

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains($"the image has another PCR8, {TestImage.Pcr(_signer.Certificate)};", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_ofABrokenImage_failsAsMeasureDoes()
    {
        Write(TestImage.CreateSmall().EncodeWith(TestImage.SizeField(4), 1UL << 31, 8));
        ProgramResult broken = await RunAsync();
        ProgramResult measured = await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory["image.eif"]]);
        ProgramResult missing = await ProgramRunner.RunAsync("kmstool-instance", Arguments(_directory["missing.eif"]));

        Assert.Equal((1, "", measured.Error), (broken.ExitCode, broken.Output, broken.Error));
        Assert.Contains("section_sizes[4]: 2147483648 bytes are past the end", broken.Error, StringComparison.Ordinal);
        Assert.Equal((2, ""), (missing.ExitCode, missing.Output));
        Assert.StartsWith("kmstool-instance: The image cannot be read: ", missing.Error, StringComparison.Ordinal);
    }

    private static string[] Arguments(string image) =>
    [
        "policy", "--role-arn", "arn:aws:iam::111122223333:role/instance", "--admin-arn", "arn:aws:iam::111122223333:role/key-admin", "--image", image,
    ];

    private static (string, string)[] Conditions(ProgramResult result) =>
        [.. PolicyParser.Parse(result.Output).Statements[0].Conditions.Select(condition => (condition.Key, Assert.Single(condition.Values)))];

    private Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-instance", [.. Arguments(_directory["image.eif"]), .. arguments]);

    private void WriteSigned()
    {
        var image = TestImage.Create();
        image.Sections.Add((TestImage.SignatureType, _signer.Section(Pcr0)));
        Write(image.Encode());
    }

    private void Write(byte[] image) => File.WriteAllBytes(_directory["image.eif"], image);
}
