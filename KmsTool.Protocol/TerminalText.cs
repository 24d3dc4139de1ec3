using System.Globalization;
using System.Text;

namespace KmsTool.Protocol;

/// <summary>Makes text that a peer chose fit for one line on a terminal.</summary>
internal static class TerminalText
{
    /// <summary>More than any error text needs; a peer shall not fill the screen.</summary>
    public const int MaxLength = 1000;

    /// <summary>
    /// Writes control, formatting and line-breaking characters as <c>\uXXXX</c>, so that no escape sequence, line break or
    /// change of writing direction reaches the terminal, and cuts the text at <see cref="MaxLength"/> characters.
    /// </summary>
    public static string Neutralize(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, MaxLength));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (line.Length >= MaxLength)
            {
                line.Append('…');
                break;
            }

            if (IsPlain(rune))
            {
                line.Append(rune);
            }
            else
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            }
        }

        return line.ToString();
    }

    /// <summary>Ends a text with one full stop, or with the question mark or exclamation mark that it has.</summary>
    public static string EndSentence(string text)
    {
        string trimmed = text.TrimEnd(' ', '.', ':', ';', ',');
        return trimmed.EndsWith('?') || trimmed.EndsWith('!') ? trimmed : trimmed + ".";
    }

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or
        UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
