using KmsTool.Tests.Support;

namespace KmsTool.Tests.Cli;

/// <summary>The ways to ask a program how it is used.</summary>
public sealed class HelpCommandTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("kmstool-instance", "help", "--help")]
    [InlineData("kmstool-instance", "help vsock-proxy", "vsock-proxy --help")]
    [InlineData("kmstool-instance", "help credentials push", "credentials push --help")]
    [InlineData("kmstool-enclave", "help run", "run --help")]
    [InlineData("kmstool-simulator", "help", "--help")]
    [InlineData("kmstool-simulator", "help nsm", "nsm --help")]
    public async Task Help_prints_what_the_option_prints(string program, string command, string option)
    {
        ProgramResult asked = await ProgramRunner.RunAsync(program, command.Split(' '));
        ProgramResult expected = await ProgramRunner.RunAsync(program, option.Split(' '));

        Assert.Equal((0, ""), (asked.ExitCode, asked.Error));
        Assert.Equal(expected.Output, asked.Output);
    }

    [Fact]
    public async Task Help_for_an_unknown_command_names_it()
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["help", "decript"]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("'decript'", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kmstool-instance", null, 2, "--cid CID")]
    [InlineData("kmstool-simulator", null, 2, "nsm")]
    [InlineData("kmstool-enclave", "kmstool_enclave_cli", 1, "genrandom")]
    [InlineData("kmstool-instance", "kmstool_instance", 1, "--cid CID")]
    public async Task No_arguments_print_a_short_usage(string program, string? name, int exitCode, string named)
    {
        ProgramResult result = await ProgramRunner.RunAsync(name is null ? program : LinkedProgram.Create(_directory, program, name), []);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.InRange(result.Error.Split('\n').Length, 3, 30);
    }
}
