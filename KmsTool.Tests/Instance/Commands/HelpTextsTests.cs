using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Instance.Commands;

namespace KmsTool.Tests.Instance.Commands;

public class HelpTextsTests
{
    [Theory]
    [InlineData()]
    [InlineData("decrypt")]
    [InlineData("credentials")]
    [InlineData("vsock-proxy")]
    public async Task Help_fits_eighty_columns_and_names_every_option(params string[] command)
    {
        RootCommand root = KmsTool.Instance.Program.BuildCommandTree(new DecryptCommandLine());
        ParseResult parsed = CommandRunner.Parse(root, [.. command, "--help"]);
        using var output = new StringWriter();

        int exitCode = await parsed.InvokeAsync(new InvocationConfiguration { Output = output });

        string text = output.ToString();
        Assert.Equal(0, exitCode);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.All(parsed.CommandResult.Command.Options, option => Assert.Contains(option.Name, text, StringComparison.Ordinal));
        Assert.Contains("Examples:", text, StringComparison.Ordinal);
    }
}
