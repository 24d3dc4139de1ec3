using KmsTool.Simulator.Iam.Policies;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>policy, as a process. What the policies mean has its own tests.</summary>
public sealed class PolicyProgramTests
{
    private const string Role = "arn:aws:iam::111122223333:role/instance";
    private const string Administrator = "arn:aws:iam::111122223333:role/key-admin";

    private static readonly string Pcr = string.Concat(Enumerable.Repeat("1e", 48));
    private static readonly string Zeros = new('0', 96);

    [Fact]
    public async Task Policy_printsThePolicyOfTheTutorial()
    {
        ProgramResult result = await RunAsync("--pcr", $"0={Pcr.ToUpperInvariant()}");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        PolicyDocument policy = PolicyParser.Parse(result.Output);
        Assert.Equal([PolicyEffect.Allow, PolicyEffect.Allow, PolicyEffect.Allow], policy.Statements.Select(statement => statement.Effect));
        Assert.Equal([["kms:Decrypt"], ["kms:Encrypt"]], policy.Statements.Take(2).Select(statement => statement.Actions.Items));
        Assert.Contains($"\"kms:RecipientAttestation:ImageSha384\": \"{Pcr}\"", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("}\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_withDenyAndTwoPcrs_deniesByEach()
    {
        ProgramResult result = await RunAsync("--pcr", $"8={Pcr}", "--pcr", $"0={Pcr}", "--deny", "--operations", "GenerateDataKey,Decrypt");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        PolicyStatement[] denied = [.. PolicyParser.Parse(result.Output).Statements.Where(statement => statement.Effect == PolicyEffect.Deny)];
        Assert.Equal(
            ["kms:RecipientAttestation:ImageSha384", "kms:RecipientAttestation:PCR8"],
            denied.Select(statement => Assert.Single(statement.Conditions).Key));
        Assert.All(denied, statement => Assert.Equal(["kms:GenerateDataKey", "kms:Decrypt", "kms:ReEncryptFrom"], statement.Actions.Items));
    }

    [Fact]
    public async Task Policy_forDebugMode_warns()
    {
        ProgramResult result = await RunAsync("--pcr", $"0={Zeros}", "--debug-mode");

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("DEBUG MODE: PCR0 is all zeros.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_ofOneRoleForBoth_warns()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["policy", "--role-arn", Role, "--admin-arn", Role, "--pcr", $"0={Pcr}"]);

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("The instance's role administers the key, too", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Neither --pcr nor --image is given")]
    [InlineData("add --image FILE", "--pcr", "0=PCR", "--image-pcrs", "0,1")]
    [InlineData("PCR0 is all zeros", "--pcr", "0=ZEROS")]
    [InlineData("PCR4 is all zeros", "--pcr", "0=PCR", "--pcr", "4=ZEROS")]
    [InlineData("PCR0 is given twice", "--pcr", "0=PCR", "--pcr", "0=PCR")]
    [InlineData("PCR1 is given twice", "--pcr", "1=PCR", "--pcr", "01=ZEROS")]
    [InlineData("N from 0 to 31", "--pcr", "32=PCR")]
    [InlineData("N from 0 to 31", "--pcr", "-1=PCR")]
    [InlineData("write N=HEX", "--pcr", "PCR")]
    [InlineData("96 hexadecimal digits", "--pcr", "0=PCR0")]
    [InlineData("96 hexadecimal digits", "--pcr", "0=abc")]
    [InlineData("96 hexadecimal digits", "--pcr", "0=")]
    [InlineData("GenerateRandom uses no key", "--pcr", "0=PCR", "--operations", "Decrypt,GenerateRandom")]
    public async Task Policy_ofArgumentsThatMakeNone_isWrongUsage(string reason, params string[] arguments)
    {
        ProgramResult result = await RunAsync([.. arguments.Select(argument => argument
            .Replace("PCR", Pcr, StringComparison.Ordinal).Replace("ZEROS", Zeros, StringComparison.Ordinal))]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Decrypt", true)]
    [InlineData("Decrypt,DeriveSharedSecret", true)]
    [InlineData("Decrypt,Encrypt", false)]
    [InlineData("Decrypt,GenerateDataKeyPair", false)]
    [InlineData("DeriveSharedSecret", false)]
    public async Task Policy_underWhichNobodyEncrypts_saysSoOnStderr(string operations, bool isSaid)
    {
        ProgramResult result = await RunAsync("--pcr", $"0={Pcr}", "--operations", operations);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(isSaid, result.Error.StartsWith("Nobody may encrypt with this key", StringComparison.Ordinal));
        Assert.Equal(isSaid, result.Error.Contains("--operations Decrypt,Encrypt", StringComparison.Ordinal));
        Assert.NotEmpty(PolicyParser.Parse(result.Output).Statements);
    }

    [Theory]
    [InlineData("--role-arn", "arn:aws:iam::111122223333:root", Administrator)]
    [InlineData("--admin-arn", Role, "arn:aws:iam::111122223333:root")]
    [InlineData("--admin-arn", Role, "admin")]
    public async Task Policy_ofAnArnThatIsNone_isWrongUsage(string option, string role, string administrator)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["policy", "--role-arn", role, "--admin-arn", administrator, "--pcr", $"0={Pcr}"]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith($"kmstool-instance: {option}: ", result.Error, StringComparison.Ordinal);
    }

    private static Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-instance", ["policy", "--role-arn", Role, "--admin-arn", Administrator, .. arguments]);
}
