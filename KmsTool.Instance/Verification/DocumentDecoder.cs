using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace KmsTool.Instance.Verification;

/// <summary>Decodes an attestation document from the bytes themselves or from one of the text forms that tools print.</summary>
internal static class DocumentDecoder
{
    /// <summary>The encodings, as a sentence for errors.</summary>
    public const string Encodings =
        "A document is read as bytes, base64, base64url, hexadecimal digits, or JSON with one string member that holds one of these texts.";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private static readonly byte[][] ByteOrderMarks = [[0xEF, 0xBB, 0xBF], [0xFF, 0xFE], [0xFE, 0xFF]];

    /// <returns>The document. Content in no text form is returned unchanged: the verifier says what is wrong with it.</returns>
    public static byte[] Decode(byte[] content)
    {
        if (!IsText(content))
        {
            return content;
        }

        // Windows PowerShell redirects into UTF-16; the byte order mark tells.
        using var text = new StreamReader(new MemoryStream(content), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        string value = text.ReadToEnd().Trim();
        return DecodeText(value.StartsWith('{') ? ReadStringMember(value) : value) ?? content;
    }

    /// <returns><see langword="null"/> if <paramref name="text"/> is in none of the encodings.</returns>
    private static byte[]? DecodeText(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string digits = string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            digits = digits[2..];
        }

        // No document's base64 looks like this: that of the bytes 0x84 and 0xD2 starts with 'h' and '0o'.
        if (digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit))
        {
            return Convert.FromHexString(digits);
        }

        // Takes padding and white space, but only the URL's alphabet.
        string base64 = text.Replace('+', '-').Replace('/', '_');
        return Base64Url.IsValid(base64) ? Base64Url.DecodeFromChars(base64) : null;
    }

    /// <returns><see langword="null"/> if <paramref name="text"/> is not a JSON object with exactly one member that is a string.</returns>
    private static string? ReadStringMember(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Strict);
            JsonElement[] strings = [.. json.RootElement.EnumerateObject().Select(member => member.Value).Where(value => value.ValueKind == JsonValueKind.String)];
            return strings is [{ } only] ? only.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escape that is half a surrogate pair.
            return null;
        }
    }

    // A document starts with a CBOR tag or array, 0x80 and above; the text forms are ASCII.
    private static bool IsText(byte[] content) =>
        content is [< 0x80, ..] || ByteOrderMarks.Any(mark => content.AsSpan().StartsWith(mark));
}
