using KmsTool.Tests.Support;

namespace KmsTool.Tests.CommandLine;

/// <summary>What a shell is told when it asks for completions, in the way that docs/cli.md sets it up.</summary>
public class CompletionTests
{
    [Theory]
    [InlineData("kmstool-instance", "kmstool-instance gener", "generate-data-key generate-data-key-pair generate-random")]
    [InlineData("kmstool-instance", "kmstool-instance generate-data-key --key-s", "--key-spec")]
    [InlineData("kmstool-instance", "kmstool-instance generate-data-key --key-spec ", "AES_128 AES_256")]
    [InlineData("kmstool-instance", "kmstool-instance decrypt --output ", "base64 json raw text")]
    [InlineData("kmstool-instance", "kmstool-instance vsock-proxy --conn", "--connect-timeout")]
    [InlineData("kmstool-instance", "kmstool-instance decrypt --deb", "--debug")]
    [InlineData("kmstool-instance", "kmstool-instance hel", "--help help")]
    [InlineData("kmstool-instance", "kmstool-instance decrypt --encryption-algorithm RSA", "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256")]
    [InlineData("kmstool-enclave", "kmstool-enclave serve --al", "--allow-key")]
    [InlineData("kmstool-enclave", "kmstool-enclave serve --operations Gen", "GenerateDataKey GenerateDataKeyPair GenerateRandom")]
    [InlineData("kmstool-enclave", "kmstool-enclave gen", "generate-data-key-pair genkey genrandom")]
    [InlineData("kmstool-enclave", "kmstool-enclave serve --reply ", "none plaintext sha256")]
    public async Task Suggest_directive_gives_what_fits(string program, string line, string expected)
    {
        ProgramResult result = await ProgramRunner.RunAsync(program, [$"[suggest:{line.Length}]", line]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(expected.Split(' '), result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Other_directives_do_nothing()
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["[diagram]", "--cid", "unix:/nonexistent/socket"]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("No ciphertext", result.Error, StringComparison.Ordinal);
    }
}
