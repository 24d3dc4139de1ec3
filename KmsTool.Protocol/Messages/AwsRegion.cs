using System.Text.RegularExpressions;

namespace KmsTool.Protocol.Messages;

/// <summary>AWS region codes, such as <c>eu-central-1</c> or <c>us-isob-east-1</c>.</summary>
internal static partial class AwsRegion
{
    private const int MaxLength = 32;

    /// <summary>Whether the text has a region code's form, so that it may become part of a host name. It need not exist.</summary>
    public static bool IsWellFormed(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= MaxLength && Form().IsMatch(text);
    }

    [GeneratedRegex("^[a-z]{2,8}(-[a-z]{1,16}){1,3}-[0-9]{1,2}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
