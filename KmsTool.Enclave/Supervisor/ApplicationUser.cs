using System.Globalization;

namespace KmsTool.Enclave.Supervisor;

/// <summary>The user and the one group of an application, by numbers; it has no supplementary groups.</summary>
/// <param name="Id">The user's number, never 0.</param>
/// <param name="Group">The group's number.</param>
/// <param name="Home">The user's home directory; <c>/</c> for a user that /etc/passwd does not list.</param>
internal sealed record ApplicationUser(uint Id, uint Group, string Home)
{
    // Name, password, number, then of passwd(5) the group's number, a comment and the home directory.
    private const int IdField = 2;
    private const int GroupField = 3;
    private const int HomeField = 5;

    /// <summary>Finds the user that a text names: <c>USER[:GROUP]</c>, each a name or a number.</summary>
    /// <param name="text">The text. Without a group it means the user's own; that of a number which is not listed is the same number.</param>
    /// <param name="passwd">The path of passwd(5). The name services that a C library knows are not asked: an enclave has none.</param>
    /// <param name="groups">The path of group(5).</param>
    /// <exception cref="FormatException">There is no such user or group, or the user is root; the message says which.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ApplicationUser Find(string text, string passwd = "/etc/passwd", string groups = "/etc/group")
    {
        string[] parts = text.Split(':');
        if (parts.Length > 2 || parts.Contains(""))
        {
            throw new FormatException($"'{text}' is not a user. Write UID, UID:GID or their names");
        }

        string[]? entry = FindEntry(passwd, parts[0]);
        uint id = ParseId(entry?[IdField] ?? parts[0], $"There is no user '{parts[0]}' in {passwd}");
        if (id == 0)
        {
            throw new FormatException($"'{parts[0]}' is root. Name another user, or omit the option");
        }

        uint group = parts.Length == 2
            ? ParseId(FindEntry(groups, parts[1])?[IdField] ?? parts[1], $"There is no group '{parts[1]}' in {groups}")
            : entry is null ? id : ParseId(entry.ElementAtOrDefault(GroupField) ?? "", $"The entry of '{parts[0]}' in {passwd} names no group");
        return new ApplicationUser(id, group, entry?.ElementAtOrDefault(HomeField) is { Length: > 0 } home ? home : "/");
    }

    // The first entry counts, as in getpwnam(3).
    private static string[]? FindEntry(string path, string nameOrId)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        int field = IsNumber(nameOrId) ? IdField : 0;
        return File.ReadLines(path).Select(line => line.Split(':')).FirstOrDefault(entry => entry.Length > IdField && entry[field] == nameOrId);
    }

    private static bool IsNumber(string text) => text.All(char.IsAsciiDigit);

    // The last number is -1 in the kernel's calls and means "unchanged".
    private static uint ParseId(string text, string unknown)
    {
        if (!IsNumber(text) || text.Length == 0)
        {
            throw new FormatException(unknown);
        }

        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue
            ? id
            : throw new FormatException($"'{text}' is not a number from 0 to {uint.MaxValue - 1}");
    }
}
