using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace KmsTool.Networking.Hosts;

/// <summary>
/// Which hosts a rule is about: a name, in which a label <c>*</c> stands for any one label and <c>**</c> for any number of
/// them, none included; an IP address; or a network in CIDR form.
/// </summary>
internal abstract class HostPattern
{
    private readonly string _text;

    private HostPattern(string text) => _text = text;

    /// <summary>Reads a pattern.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HostPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        pattern = null;
        if (text.Contains('/', StringComparison.Ordinal))
        {
            if (!DestinationHost.HasZone(text) && IPNetwork.TryParse(text, out IPNetwork network) && string.Equals(network.ToString(), text, StringComparison.OrdinalIgnoreCase))
            {
                pattern = new Network(network);
            }

            error = pattern is null ? $"'{text}' is not a network, such as 10.0.0.0/8 or 2001:db8::/32" : null;
            return pattern is not null;
        }

        // A name with a letter in the place of each wildcard has to be a name: stars stand for whole labels.
        string[] labels = text.Split('.');
        bool isPattern = labels.Any(IsWildcard);
        string example = isPattern ? string.Join('.', labels.Select(label => IsWildcard(label) ? "x" : label)) : text;
        if (!DestinationHost.TryParse(example, out string? host, out error))
        {
            error = isPattern ? $"'{text}' is not a host name with * or ** in place of whole labels" : error;
            return false;
        }

        if (!isPattern && IPAddress.TryParse(host, out IPAddress? address))
        {
            pattern = new Network(new IPNetwork(address, address.GetAddressBytes().Length * 8), text: address.ToString());
        }
        else
        {
            pattern = new Name(isPattern ? DestinationHost.WithoutFinalDot(text) : host);
        }

        return true;
    }

    /// <summary>A pattern that is known to be one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static HostPattern Parse(string text) =>
        TryParse(text, out HostPattern? pattern, out string? error) ? pattern : throw new FormatException(error);

    /// <summary>Whether it is about a name. Addresses are never matched as text.</summary>
    public virtual bool MatchesName(string name) => false;

    /// <summary>Whether it is about an address, which a pattern of names never is.</summary>
    public virtual bool MatchesAddress(IPAddress address) => false;

    /// <summary>Whether it is about a single address.</summary>
    public virtual bool IsOneAddress => false;

    /// <summary>The name that it stands for, if it is just one.</summary>
    public virtual string? ExactName => null;

    public override string ToString() => _text;

    private static bool IsWildcard(string label) => label is "*" or "**";

    private sealed class Name(string text) : HostPattern(text)
    {
        private readonly string[] _labels = Labels(text);

        public override string? ExactName => _labels.Any(IsWildcard) ? null : _text;

        public override bool MatchesName(string name) => Matches(_labels, Labels(name));

        // The name of the root, as in kms.eu-central-1.amazonaws.com., is left away: it is the same name.
        private static string[] Labels(string name) => DestinationHost.WithoutFinalDot(name).Split('.');

        // A name has few labels, and ** few places: nothing that grows out of hand is tried. What has been matched before the
        // last ** never has to be matched anew, as that can take up whatever a longer match there would leave.
        private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> labels)
        {
            int p = 0;
            int resume = -1;
            int taken = 0;
            for (int i = 0; i < labels.Length;)
            {
                if (p < pattern.Length && pattern[p] == "**")
                {
                    resume = ++p;
                    taken = i;
                }
                else if (p < pattern.Length && (pattern[p] == "*" || pattern[p].Equals(labels[i], StringComparison.OrdinalIgnoreCase)))
                {
                    p++;
                    i++;
                }
                else if (resume >= 0)
                {
                    p = resume;
                    i = ++taken;
                }
                else
                {
                    return false;
                }
            }

            return pattern[p..].ContainsAnyExcept("**") is false;
        }
    }

    private sealed class Network(IPNetwork network, string? text = null) : HostPattern(text ?? network.ToString())
    {
        public override bool MatchesAddress(IPAddress address) => network.Contains(address);

        public override bool IsOneAddress => network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8;
    }
}
