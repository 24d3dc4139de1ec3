using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace KmsTool.Networking.Http;

/// <summary>The head of an HTTP/1 request: its first line and its header fields (RFC 9112 sections 3 and 5), read strictly.</summary>
/// <param name="Method">The method, as it stands there.</param>
/// <param name="Target">The request target, as it stands there.</param>
/// <param name="Fields">Names and values of the header fields, in order.</param>
internal sealed record RequestHead(string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    /// <summary>Longest head in bytes, its empty line included.</summary>
    public const int MaxLength = 8 * 1024;

    private const int MaxFields = 64;

    /// <summary>Reads a head without the empty line that ends it.</summary>
    /// <param name="bytes">Lines that end with CR LF, but for the last one.</param>
    /// <param name="head">What they say.</param>
    /// <returns>Whether they are a head of HTTP/1.0 or HTTP/1.1.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out RequestHead? head)
    {
        head = null;
        foreach (byte value in bytes)
        {
            if (value is not ((>= 0x20 and < 0x7F) or (byte)'\t' or (byte)'\r' or (byte)'\n'))
            {
                return false;
            }
        }

        string[] lines = Encoding.ASCII.GetString(bytes).Split("\r\n");
        if (lines.Length > MaxFields + 1 || Array.Exists(lines, line => line.AsSpan().ContainsAny('\r', '\n')))
        {
            return false;
        }

        if (lines[0].Split(' ') is not [var method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"] || !IsToken(method))
        {
            return false;
        }

        var fields = new List<KeyValuePair<string, string>>(lines.Length - 1);
        foreach (string line in lines.AsSpan(1))
        {
            // A line that begins with white space would go on with the one before (obs-fold, section 5.2), which readers
            // disagree about; its name is no token.
            if (line.Split(':', 2) is not [var name, var value] || !IsToken(name))
            {
                return false;
            }

            fields.Add(new(name, value.Trim(' ', '\t')));
        }

        head = new RequestHead(method, target, fields);
        return true;
    }

    /// <summary>Whether it has a header field of this name.</summary>
    public bool Has(string name) => Fields.Any(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase));

    // RFC 9110 section 5.6.2.
    private static bool IsToken(string text) =>
        text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}
