using System.Runtime.CompilerServices;

namespace KmsTool.Tests.Docs;

/// <summary>The pages of docs/.</summary>
internal static class DocsPage
{
    public static IEnumerable<string> All => Directory.EnumerateFiles(Path.Combine(Root(), "docs"), "*.md");

    /// <summary>The path of a page.</summary>
    public static string Named(string name) => Path.Combine(Root(), "docs", name);

    /// <summary>The path of another file of the repository.</summary>
    public static string InRepository(string path) => Path.Combine(Root(), path);

    /// <summary>The lines of each code block of a language, indentation and all.</summary>
    public static List<List<string>> Blocks(string page, string language)
    {
        var blocks = new List<List<string>>();
        bool isInside = false;
        bool isWanted = false;
        foreach (string line in File.ReadLines(page))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isInside = !isInside;
                isWanted = isInside && line == "```" + language;
                if (isWanted)
                {
                    blocks.Add([]);
                }
            }
            else if (isWanted)
            {
                blocks[^1].Add(line);
            }
        }

        return blocks;
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
