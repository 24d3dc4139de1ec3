using System.CommandLine;
using System.CommandLine.Parsing;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Instance.Commands;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Docs;

/// <summary>What docs/ tells people to type is understood by the programs.</summary>
public class CommandsInDocsTests
{
    private static readonly string[] ShellOperators = ["|", "&", "&&", "\\"];

    public static TheoryData<string, string> Lines
    {
        get
        {
            var lines = new TheoryData<string, string>();
            foreach (string page in DocsPage.All)
            {
                foreach (string line in DocsPage.Blocks(page, "sh").SelectMany(block => block).Where(line => line.StartsWith("kmstool", StringComparison.Ordinal)))
                {
                    lines.Add(Path.GetFileName(page), line);
                }
            }

            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Command_is_understood(string page, string line)
    {
        // The port of a simulator, which the shell cuts from its address.
        string expanded = line.Replace("${AWS_ENDPOINT_URL_KMS##*:}", "443", StringComparison.Ordinal);
        string[] words = [.. CommandLineParser.SplitCommandLine(expanded).TakeWhile(word => !ShellOperators.Contains(word) && word[0] is not ('<' or '>'))];
        RootCommand root = words[0] switch
        {
            "kmstool-instance" => KmsTool.Instance.Program.BuildCommandTree(words[0], new DecryptCommandLine()),
            "kmstool-simulator" => KmsTool.Simulator.Program.BuildCommandTree(),
            _ => KmsTool.Enclave.Program.BuildCommandTree(words[0], new ServeCommandLine()),
        };

        ParseResult parsed = CommandRunner.Parse(root, words[1..]);

        Assert.True(parsed.Errors.Count == 0, $"{page}: {line}: {string.Join(' ', parsed.Errors)}");
    }

    [Fact]
    public void Commands_are_found() => Assert.InRange(Lines.Count, 20, 200);

    [Theory]
    [InlineData("kmstool-instance gener", "generate-data-key generate-data-key-pair generate-random")]
    [InlineData("kmstool-instance decrypt --output j", "json")]
    [InlineData("kmstool-enclave serve --refuse-d", "--refuse-debug-mode")]
    public async Task Completion_of_bash_works_as_documented(string line, string expected)
    {
        string setUp = string.Join('\n', DocsPage.Blocks(DocsPage.Named("cli.md"), "bash").SelectMany(block => block));
        string program = line[..line.IndexOf(' ', StringComparison.Ordinal)];
        string script = $$"""
            PATH="{{AppContext.BaseDirectory}}:$PATH"
            {{setUp}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            _kmstool {{program}} '{{line[(line.LastIndexOf(' ') + 1)..]}}' x
            printf '%s\n' "${COMPREPLY[@]}" | sort
            """;

        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/bash", ["-c", script], new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["LC_ALL"] = "C" });

        Assert.Equal((expected.Replace(' ', '\n') + "\n", ""), (result.Output, result.Error));
    }
}
