using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>Reads the values of conditions that are not plain text. Null stands for a text that is not such a value.</summary>
internal static partial class ConditionValues
{
    public static bool? ReadBoolean(string text) => bool.TryParse(text, out bool value) ? value : null;

    public static decimal? ReadNumber(string text) => Number().IsMatch(text)
        ? decimal.Parse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
        : null;

    /// <summary>
    /// Reads a date of the W3C profile of ISO 8601, or the seconds since 1970. Four digits are neither: they could be a year or seconds.
    /// </summary>
    public static DateTimeOffset? ReadDate(string text)
    {
        if (Epoch().IsMatch(text))
        {
            long seconds = long.Parse(text, CultureInfo.InvariantCulture);
            return seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        }

        if (Date().Match(text) is not { Success: true } match)
        {
            return null;
        }

        string day = match.Groups["day"].Success ? text : text + "-01";
        return DateTimeOffset.TryParse(day, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date
            : null;
    }

    /// <summary>Reads an address, or a range in CIDR notation, of either IP version.</summary>
    public static AddressRange? ReadAddressRange(string text)
    {
        if (Range().Match(text) is not { Success: true } match
            || !IPAddress.TryParse(match.Groups["address"].Value, out IPAddress? address)
            || address.IsIPv4MappedToIPv6)
        {
            return null;
        }

        int bits = address.GetAddressBytes().Length * 8;
        int length = match.Groups["length"] is { Success: true } prefix ? int.Parse(prefix.Value, CultureInfo.InvariantCulture) : bits;
        return length <= bits ? new AddressRange(address, length) : null;
    }

    // As many digits as a decimal holds exactly.
    [GeneratedRegex(@"\A-?[0-9]{1,18}(\.[0-9]{1,9})?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Number();

    [GeneratedRegex(@"\A([0-9]{1,3}|[0-9]{5,12})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Epoch();

    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}(?<day>-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Date();

    // IPAddress takes more: octal numbers, fewer parts, scope ids.
    [GeneratedRegex(
        @"\A(?<address>((0|[1-9][0-9]{0,2})\.){3}(0|[1-9][0-9]{0,2})|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/(?<length>0|[1-9][0-9]{0,2}))?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Range();
}

/// <summary>The addresses that share the first bits with one.</summary>
internal readonly record struct AddressRange(IPAddress Address, int Length)
{
    public bool Contains(IPAddress address)
    {
        byte[] prefix = Address.GetAddressBytes(), bytes = address.GetAddressBytes();
        int whole = Length / 8, rest = Length % 8;
        return prefix.Length == bytes.Length
            && prefix.AsSpan(0, whole).SequenceEqual(bytes.AsSpan(0, whole))
            && (rest == 0 || (prefix[whole] ^ bytes[whole]) >> (8 - rest) == 0);
    }
}
