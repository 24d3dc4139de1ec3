using System.Buffers;
using System.Globalization;
using System.Text;
using KmsTool.Protocol;

namespace KmsTool.CommandLine;

/// <summary>Formats a secret for output as bytes, so that no string holds it.</summary>
internal static class SecretLine
{
    /// <summary>Appends a newline to a text.</summary>
    public static SensitiveBytes Text(ReadOnlySpan<byte> utf8)
    {
        var line = SensitiveBytes.Allocate(utf8.Length + 1);
        utf8.CopyTo(line.WritableSpan);
        line.WritableSpan[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Encodes bytes in base64 and puts them between two texts.</summary>
    public static SensitiveBytes Base64(ReadOnlySpan<byte> before, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after)
    {
        int length = System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        var line = SensitiveBytes.Allocate(before.Length + length + after.Length);
        before.CopyTo(line.WritableSpan);
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, line.WritableSpan[before.Length..], out _, out _);
        after.CopyTo(line.WritableSpan[(before.Length + length)..]);
        return line;
    }
}

/// <summary>
/// Decides which bytes may be written to a terminal unchanged. A plaintext can be an attacker's text, so its escape sequences must
/// not reach the terminal.
/// </summary>
internal static class PrintableText
{
    /// <summary>Gets whether <paramref name="bytes"/> are UTF-8 without control characters other than tabs and line breaks.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => IsAll(bytes, rune => !Rune.IsControl(rune) || rune.Value is '\t' or '\n' or '\r');

    /// <summary>Gets whether <paramref name="bytes"/> are such text in one line, by any definition of a line break.</summary>
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
