using System.Buffers;
using System.Globalization;
using System.Text;

namespace KmsTool.CommandLine;

/// <summary>
/// Tells which bytes may go to a terminal as they are. A plaintext may come from elsewhere, too: no escape sequence reaches
/// the terminal unasked.
/// </summary>
internal static class PrintableText
{
    /// <summary>Whether <paramref name="bytes"/> are UTF-8 without control characters other than tabs and line breaks.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => IsAll(bytes, rune => !Rune.IsControl(rune) || rune.Value is '\t' or '\n' or '\r');

    /// <summary>Whether they are, and nobody takes them for two lines.</summary>
    public static bool IsOneLine(ReadOnlySpan<byte> bytes) => IsAll(bytes, rune => rune.Value == '\t' || Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator));

    private static bool IsAll(ReadOnlySpan<byte> bytes, Func<Rune, bool> isAllowed)
    {
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) != OperationStatus.Done || !isAllowed(rune))
            {
                return false;
            }

            bytes = bytes[length..];
        }

        return true;
    }
}
