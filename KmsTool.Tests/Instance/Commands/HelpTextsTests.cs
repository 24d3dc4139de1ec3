using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;

namespace KmsTool.Tests.Instance.Commands;

public class HelpTextsTests
{
    public static TheoryData<string> Commands =>
        ["", .. KmsTool.Instance.Program.BuildCommandTree("kmstool-instance", new DecryptCommandLine()).Subcommands
            .SelectMany(command => command.Subcommands.Select(inner => $"{command.Name} {inner.Name}").Prepend(command.Name))];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_fits_eighty_columns_and_names_every_option(string command)
    {
        RootCommand root = KmsTool.Instance.Program.BuildCommandTree("kmstool-instance", new DecryptCommandLine());
        ParseResult parsed = CommandRunner.Parse(root, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        using var output = new StringWriter();

        int exitCode = await parsed.InvokeAsync(new InvocationConfiguration { Output = output });

        string text = output.ToString();
        Assert.Equal(0, exitCode);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.All(parsed.CommandResult.Command.Options, option => Assert.Contains(option.Name, text, StringComparison.Ordinal));
        Assert.Contains("Examples:", text, StringComparison.Ordinal);
    }
}
