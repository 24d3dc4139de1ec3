using KmsTool.Protocol;

namespace KmsTool.Tests.Protocol;

public class TerminalTextTests
{
    [Theory]
    [InlineData("plain text, Grüße €", "plain text, Grüße €")]
    [InlineData("\u001b[31mred", "\\u001B[31mred")]
    [InlineData("two\r\nlines", "two\\u000D\\u000Alines")]
    [InlineData("\u009b2J", "\\u009B2J")]
    [InlineData("\u202eright to left", "\\u202Eright to left")]
    [InlineData("line\u2028separator", "line\\u2028separator")]
    [InlineData("bell\a", "bell\\u0007")]
    public void Neutralize_leaves_nothing_that_steers_a_terminal(string text, string expected) =>
        Assert.Equal(expected, TerminalText.Neutralize(text));

    [Fact]
    public void Neutralize_half_of_a_surrogate_pair_is_replaced() =>
        Assert.Equal("lone \ufffd", TerminalText.Neutralize("lone \ud800"));

    [Fact]
    public void Neutralize_long_text_is_cut()
    {
        string line = TerminalText.Neutralize(new string('x', 100_000));

        Assert.Equal(TerminalText.MaxLength + 1, line.Length);
        Assert.EndsWith("…", line, StringComparison.Ordinal);
    }
}
