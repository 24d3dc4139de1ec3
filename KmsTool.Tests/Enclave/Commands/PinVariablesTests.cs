using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Commands;

/// <summary>The pins that environment variables of the image add to those of the command line.</summary>
public sealed class PinVariablesTests : IDisposable
{
    private const string First = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    private const string Second = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    private const string Third = "arn:aws:kms:us-east-1:111122223333:key/ffffabcd-12ab-34cd-56ef-1234567890ab";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(First + "," + Second, "", First + " " + Second)]
    [InlineData(First + "," + Second, Second + " " + Third, Second)]
    [InlineData(First, First, First)]
    [InlineData(null, First + " " + Second, First + " " + Second)]
    public void AllowKey_admits_what_both_admit(string? variable, string option, string expected)
    {
        KmsPins pins = Read(Variable("KMSTOOL_ALLOW_KEY", variable), "--allow-key", option).Kms.Pins;

        Assert.Equal(expected.Split(' '), pins.AllowedKeys.Select(key => key.Arn));
    }

    [Theory]
    [InlineData("Decrypt,GenerateRandom", "", "Decrypt GenerateRandom")]
    [InlineData("decrypt,Attest,ListKeys", "Attest,decrypt GenerateRandom", "Attest Decrypt")]
    // For the KMS proxy of the same image.
    [InlineData("Decrypt,DescribeKey", "", "Decrypt DescribeKey")]
    [InlineData(null, "Decrypt", "Decrypt")]
    public void Operations_admit_what_both_admit(string? variable, string option, string expected)
    {
        KmsPins pins = Read(Variable("KMSTOOL_OPERATIONS", variable), "--operations", option).Kms.Pins;

        Assert.Equal(expected.Split(' '), pins.Operations);
    }

    [Theory]
    [InlineData("App=vault,Stage", "", "App=vault Stage")]
    [InlineData("App=a=b", "Stage=", "Stage= App=a=b")]
    [InlineData("App=vault", "App", "App=vault")]
    [InlineData("App", "App=vault", "App=vault")]
    [InlineData("App=vault", "App=vault", "App=vault")]
    [InlineData(null, "App", "App")]
    public void RequiredContext_is_that_of_both(string? variable, string option, string expected)
    {
        KmsPins pins = Read(Variable("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", variable), "--require-encryption-context", option).Kms.Pins;

        Assert.Equal(expected.Split(' '), pins.RequiredContext.Select(pair => pair.ToString()));
    }

    [Theory]
    [InlineData("true", false, true)]
    [InlineData("True", false, true)]
    [InlineData("false", false, false)]
    [InlineData("false", true, true)]
    [InlineData(null, true, true)]
    [InlineData(null, false, false)]
    public void RefuseDebugMode_is_set_by_either(string? variable, bool option, bool expected)
    {
        ServeSettings options = Read(Variable("KMSTOOL_REFUSE_DEBUG_MODE", variable), option ? ["--refuse-debug-mode"] : []);

        Assert.Equal(expected, options.Kms.Startup.RefuseDebugMode);
    }

    [Theory]
    [InlineData("KMSTOOL_ALLOW_KEY", "")]
    [InlineData("KMSTOOL_ALLOW_KEY", First + ",")]
    [InlineData("KMSTOOL_ALLOW_KEY", First + ", " + Second)]
    [InlineData("KMSTOOL_ALLOW_KEY", "alias/app")]
    [InlineData("KMSTOOL_ALLOW_KEY", First, "--allow-key", Second)]
    [InlineData("KMSTOOL_OPERATIONS", "")]
    [InlineData("KMSTOOL_OPERATIONS", "Decrypt,,Attest")]
    [InlineData("KMSTOOL_OPERATIONS", "Decrypt Attest")]
    [InlineData("KMSTOOL_OPERATIONS", "Decrypt", "--operations", "Attest")]
    [InlineData("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", "")]
    [InlineData("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", "=vault")]
    [InlineData("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", "App=a,App=a")]
    [InlineData("KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT", "App=a", "--require-encryption-context", "App=b")]
    [InlineData("KMSTOOL_REFUSE_DEBUG_MODE", "")]
    [InlineData("KMSTOOL_REFUSE_DEBUG_MODE", "1")]
    [InlineData("KMSTOOL_REFUSE_CLOCK_SKEW", "1")]
    [InlineData("KMSTOOL_REFUSE_OTHER_RANDOM_SOURCE", "1")]
    [InlineData("KMSTOOL_REFUSE_DEBUG_MODE", "yes", "--refuse-debug-mode")]
    public void Variable_that_is_malformed_or_contradicts_the_option_is_an_error_that_names_it(string name, string value, params string[] arguments)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Read(Variable(name, value), arguments));

        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Under every name, too; the sample's command line has another exit code for wrong usage.</summary>
    [Theory]
    [InlineData("kmstool-enclave", "serve")]
    [InlineData("kmstool_enclave")]
    [InlineData("kmstool-enclave", "run", "--region", "us-east-1", "--", "/bin/true")]
    [InlineData("kmstool-enclave", "kms-proxy", "--region", "us-east-1", "--environment-file", "e")]
    [InlineData("kmstool-enclave", "decrypt", "--ciphertext", "AAAA")]
    [InlineData("kmstool_enclave_cli", "decrypt", "--ciphertext", "AAAA")]
    [InlineData("kmstool_enclave_cli", "genkey", "--key-id", "k", "--key-spec", "AES-256")]
    [InlineData("kmstool_enclave_cli", "genrandom", "--length", "8")]
    [InlineData("kmstool-enclave", "generate-data-key-pair", "--key-id", "k", "--key-pair-spec", "RSA_2048")]
    [InlineData("kmstool-enclave", "derive-shared-secret", "--key-id", "k", "--public-key", "AAAA")]
    public async Task Every_command_reads_the_variables(string name, params string[] arguments)
    {
        string program = name == "kmstool-enclave" ? name : LinkedProgram.Create(_directory, "kmstool-enclave", name);

        ProgramResult result = await ProgramRunner.RunAsync(program, arguments, Variable("KMSTOOL_ALLOW_KEY", ""));

        Assert.Equal((name == "kmstool_enclave_cli" ? 1 : 2, ""), (result.ExitCode, result.Output));
        Assert.Contains("KMSTOOL_ALLOW_KEY", result.Error, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Variable(string name, string? value) => value is null ? [] : new() { [name] = value };

    private static ServeSettings Read(Dictionary<string, string> environment, string option, string values) =>
        Read(environment, values.Length == 0 ? [] : [option, .. values.Split(' ')]);

    private static ServeSettings Read(Dictionary<string, string> environment, params string[] arguments)
    {
        var serve = new ServeCommandLine();
        ParseResult result = CommandRunner.Parse(KmsTool.Enclave.Program.BuildCommandTree("kmstool-enclave", serve), arguments);
        Assert.Empty(result.Errors);
        return serve.Bind(result, environment.GetValueOrDefault);
    }
}
