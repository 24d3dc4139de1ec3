using System.Text.RegularExpressions;

namespace KmsTool.Tests.Docs;

/// <summary>The tests that docs/security.md names exist.</summary>
public sealed partial class SecurityPageTests
{
    private const int Checks = 20;

    private static readonly HashSet<string> Known = [.. typeof(SecurityPageTests).Assembly.GetTypes().Select(type => type.Name)];

    [Fact]
    public void Tests_that_are_named_exist() =>
        Assert.All(TestName().Matches(Page()), match => Assert.Contains(match.Value, Known));

    [Fact]
    public void Each_of_the_checks_names_a_test()
    {
        Match[] rows = Row().Matches(Page()).ToArray();

        Assert.Equal(Enumerable.Range(1, Checks), rows.SelectMany(row => row.Groups["numbers"].Value.Split(", ")).Select(int.Parse));
        Assert.All(rows, row => Assert.Matches(TestName(), row.Value));
    }

    private static string Page() => File.ReadAllText(DocsPage.Named("security.md"));

    [GeneratedRegex(@"\b[A-Z][A-Za-z0-9]+Tests\b")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^\| (?<numbers>[0-9]+(, [0-9]+)*) \|.*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
