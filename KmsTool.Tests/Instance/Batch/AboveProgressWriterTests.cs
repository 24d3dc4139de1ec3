using KmsTool.Instance.Batch;
using Spectre.Console;

namespace KmsTool.Tests.Instance.Batch;

public class AboveProgressWriterTests
{
    [Fact]
    public async Task Write_lines_stay_whole_between_drawings_of_the_bar()
    {
        using var terminal = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        using var writer = new AboveProgressWriter(console);
        string longLine = string.Join(' ', Enumerable.Repeat("[not markup]", 100));

        await console.Progress().AutoRefresh(false).StartAsync(async context =>
        {
            context.AddTask("the bar");
            context.Refresh();
            writer.Write("half ");
            context.Refresh();
            await writer.WriteLineAsync("a line");
            await writer.WriteLineAsync(longLine);
        });

        string shown = terminal.ToString();
        Assert.Contains("\u001b[Jhalf a line\n", shown, StringComparison.Ordinal);
        Assert.Contains($"\u001b[J{longLine}\n", shown, StringComparison.Ordinal);
        Assert.Contains("the bar", shown[shown.IndexOf(longLine, StringComparison.Ordinal)..], StringComparison.Ordinal);
    }
}
