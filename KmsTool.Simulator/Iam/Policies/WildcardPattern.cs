namespace KmsTool.Simulator.Iam.Policies;

/// <summary>IAM's patterns: <c>*</c> stands for any characters, none included, <c>?</c> for exactly one.</summary>
internal static class WildcardPattern
{
    /// <summary>Matches in time proportional to the product of both lengths at worst; no recursion.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="text">The text, which must match as a whole.</param>
    /// <param name="ignoreCase">Whether letters of different case are equal.</param>
    /// <param name="literals">
    /// Which characters of the pattern stand for themselves; empty if all of <c>*</c> and <c>?</c> are wildcards.
    /// </param>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text, bool ignoreCase, ReadOnlySpan<bool> literals = default)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            bool isLiteral = p < literals.Length && literals[p];
            if (p < pattern.Length && pattern[p] == '*' && !isLiteral)
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && ((pattern[p] == '?' && !isLiteral) || AreEqual(pattern[p], text[t], ignoreCase)))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*' && !(p < literals.Length && literals[p]))
        {
            p++;
        }

        return p == pattern.Length;
    }

    private static bool AreEqual(char a, char b, bool ignoreCase) =>
        a == b || (ignoreCase && char.ToUpperInvariant(a) == char.ToUpperInvariant(b));
}
