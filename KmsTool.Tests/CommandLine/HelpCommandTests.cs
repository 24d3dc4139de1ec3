using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Instance.Commands;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.CommandLine;

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

    /// <summary>Where the word help has another meaning elsewhere on the line: a ciphertext, a destination or a file.</summary>
    [Theory]
    [InlineData("kmstool_instance", "help")]
    [InlineData("vsock-proxy", "help")]
    [InlineData("kmstool-instance", "vsock-proxy help")]
    [InlineData("kmstool-instance", "generate-random help")]
    [InlineData("kmstool-instance", "credentials push help")]
    [InlineData("kmstool_enclave", "help")]
    [InlineData("kmstool_enclave_cli", "help")]
    [InlineData("kmstool_enclave_cli", "genkey help")]
    public void Help_alone_is_the_option(string name, string line)
    {
        string[] words = line.Split(' ');

        string asked = Invoke(name, words);

        Assert.NotEqual("", asked);
        Assert.Equal(Invoke(name, [.. words[..^1], "--help"]), asked);
    }

    [Theory]
    [InlineData("kmstool_instance", "--cid 16 help")]
    [InlineData("vsock-proxy", "8000 help 443")]
    [InlineData("kmstool-instance", "vsock-proxy 8000 help 443")]
    [InlineData("kmstool-instance", "measure help")]
    [InlineData("kmstool-instance", "decrypt --cid 16 --file help")]
    public void Help_among_other_words_is_an_argument(string name, string line)
    {
        ParseResult parsed = CommandRunner.Parse(BuildCommandTree(name), line.Split(' '));

        Assert.Empty(parsed.Errors);
        Assert.Equal(parsed.CommandResult.Command.Action, parsed.Action);
    }

    [Theory]
    [InlineData("vsock-proxy", "kmstool-instance")]
    [InlineData("kmstool_instance", "kmstool-instance")]
    public async Task Help_works_through_a_link(string name, string program)
    {
        string link = LinkedProgram.Create(_directory, program, name);

        ProgramResult asked = await ProgramRunner.RunAsync(link, ["help"]);
        ProgramResult expected = await ProgramRunner.RunAsync(link, ["--help"]);

        Assert.Equal((0, expected.Output, ""), (asked.ExitCode, asked.Output, asked.Error));
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

    private static string Invoke(string name, string[] words)
    {
        ParseResult parsed = CommandRunner.Parse(BuildCommandTree(name), words);
        CommandRunner.RefuseWrongUsage(parsed);
        using var output = new StringWriter();
        parsed.Invoke(new InvocationConfiguration { Output = output, Error = output, EnableDefaultExceptionHandler = false });
        return output.ToString();
    }

    private static RootCommand BuildCommandTree(string name) => name is "kmstool-instance" or "kmstool_instance" or "vsock-proxy"
        ? KmsTool.Instance.Program.BuildCommandTree(name, new DecryptCommandLine())
        : KmsTool.Enclave.Program.BuildCommandTree(name, new ServeCommandLine());
}
