using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KmsTool.Networking.Hosts;

/// <summary>TCP ports: one, or a range with both ends.</summary>
internal readonly record struct PortRange(ushort First, ushort Last)
{
    public static implicit operator PortRange(ushort port) => FromUInt16(port);

    public static PortRange FromUInt16(ushort port) => new(port, port);

    /// <summary>Reads <c>443</c> or <c>8000-8099</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PortRange? range)
    {
        range = null;
        string[] ends = text.Split('-');
        if (ends.Length <= 2 && TryParsePort(ends[0], out ushort first) && TryParsePort(ends[^1], out ushort last) && first <= last)
        {
            range = new PortRange(first, last);
        }

        return range is not null;
    }

    public bool Contains(ushort port) => port >= First && port <= Last;

    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static bool TryParsePort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
