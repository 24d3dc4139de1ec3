using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Signing;

/// <summary>
/// Builds the canonical form of a request, which signature version 4 signs (IAM User Guide, "Create a signed AWS API request").
/// </summary>
internal static class CanonicalRequest
{
    public static string Build(SigV4Request request, IReadOnlyList<string> signedHeaders)
    {
        int question = request.Target.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? request.Target : request.Target[..question];
        string query = question < 0 ? "" : request.Target[(question + 1)..];

        var canonical = new StringBuilder();
        canonical.Append(request.Method).Append('\n');
        canonical.Append(CanonicalPath(path)).Append('\n');
        canonical.Append(CanonicalQuery(query)).Append('\n');
        foreach (string name in signedHeaders)
        {
            canonical.Append(name).Append(':').Append(CanonicalValue(request, name)).Append('\n');
        }

        canonical.Append('\n');
        canonical.AppendJoin(';', signedHeaders).Append('\n');
        canonical.Append(Convert.ToHexStringLower(SHA256.HashData(request.Body.Span)));
        return canonical.ToString();
    }

    /// <summary>Gets the string to sign of a canonical request, in UTF-8.</summary>
    public static byte[] StringToSign(string canonical, string time, CredentialScope scope)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        return Encoding.UTF8.GetBytes($"{AuthorizationHeader.Algorithm}\n{time}\n{scope}\n{hash}");
    }

    /// <summary>Dot segments and empty segments removed, then every segment encoded once more than it was sent.</summary>
    private static string CanonicalPath(string path)
    {
        if (path == "/")
        {
            return path;
        }

        List<string> segments = [];
        foreach (string segment in path.Split('/'))
        {
            if (segment == "..")
            {
                if (segments.Count > 0)
                {
                    segments.RemoveAt(segments.Count - 1);
                }
            }
            else if (segment is not ("" or "."))
            {
                segments.Add(Encode(segment));
            }
        }

        string canonical = "/" + string.Join('/', segments);
        return path.EndsWith('/') && segments.Count > 0 ? canonical + "/" : canonical;
    }

    private static string CanonicalQuery(string query)
    {
        if (query.Length == 0)
        {
            return "";
        }

        List<(string Name, string Value)> parameters = [];
        foreach (string parameter in query.Split('&'))
        {
            string[] pair = parameter.Split('=', 2);
            parameters.Add((Recode(pair[0]), pair.Length == 2 ? Recode(pair[1]) : ""));
        }

        parameters.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name) is not 0 and int byName
            ? byName
            : string.CompareOrdinal(a.Value, b.Value));
        return string.Join('&', parameters.Select(static p => $"{p.Name}={p.Value}"));
    }

    private static string CanonicalValue(SigV4Request request, string name) =>
        string.Join(',', request.ValuesOf(name).Select(CollapseSpaces));

    private static string CollapseSpaces(string value)
    {
        value = value.Trim();
        if (!value.Contains("  ", StringComparison.Ordinal))
        {
            return value;
        }

        return string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    // What was sent encoded and what was sent plain must come out the same.
    private static string Recode(string text) => Encode(Uri.UnescapeDataString(text));

    private static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
            {
                encoded.Append((char)b);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return encoded.ToString();
    }
}
