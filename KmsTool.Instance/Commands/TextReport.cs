using System.Globalization;
using System.Text;
using KmsTool.Protocol;

namespace KmsTool.Instance.Commands;

/// <summary>A report for people: a name and a value a line. What others wrote is made fit for a terminal.</summary>
internal sealed class TextReport
{
    private readonly StringBuilder _text = new();

    /// <summary>A time as reports show it: RFC 3339, UTC, to the second.</summary>
    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public void Add(string name, string value) =>
        _text.Append(CultureInfo.InvariantCulture, $"{TerminalText.Neutralize(name) + ":",-20} {TerminalText.Neutralize(value)}\n");

    /// <summary>Adds bytes in hexadecimal digits, which are never cut.</summary>
    public void AddHex(string name, ReadOnlySpan<byte> value) =>
        _text.Append(CultureInfo.InvariantCulture, $"{name + ":",-20} {Convert.ToHexStringLower(value)}\n");

    public override string ToString() => _text.ToString();
}
