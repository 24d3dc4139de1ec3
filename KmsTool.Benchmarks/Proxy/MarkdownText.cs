using System.Globalization;
using System.Text;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>Tables of figures.</summary>
internal sealed class MarkdownText
{
    private readonly StringBuilder _text = new();

    public static string NameOf(PathKind path) => path switch
    {
        PathKind.Direct => "direct",
        PathKind.MinimalRelay => "minimal relay",
        PathKind.Socat => "socat",
        _ => "kmstool",
    };

    /// <summary>The median, and in parentheses the least and the most.</summary>
    public static string Format(Spread spread, string format) =>
        $"{Format(spread.Median, format)} ({Format(spread.Least, format)}–{Format(spread.Most, format)})";

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    public void Line(string line) => _text.Append(line).Append('\n');

    public void Heading(params ReadOnlySpan<string> columns)
    {
        _text.Append('\n');
        Row(columns);
        Line("|" + string.Concat(Enumerable.Repeat("---|", columns.Length)));
    }

    public void Row(params ReadOnlySpan<string> cells) => Line($"| {string.Join(" | ", cells)} |");

    public override string ToString() => _text.ToString();
}
