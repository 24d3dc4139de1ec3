using System.Text.RegularExpressions;

namespace KmsTool.Tests.Docs;

/// <summary>The source files that docs/architecture.md names exist.</summary>
public sealed partial class ArchitecturePageTests
{
    [Fact]
    public void Files_that_are_named_exist()
    {
        string page = DocsPage.Named("architecture.md");
        string root = Path.GetDirectoryName(Path.GetDirectoryName(page))!;

        string[] named = [.. SourceFile().Matches(File.ReadAllText(page)).Select(match => match.Groups["path"].Value)];

        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(root, path)), path));
    }

    [GeneratedRegex("`(?<path>KmsTool[^`]*\\.cs)`", RegexOptions.ExplicitCapture)]
    private static partial Regex SourceFile();
}
