namespace KmsTool.Tests.Docs;

/// <summary>What docs/kms-proxy.md shows for each SDK is in the program that <c>make test-sdks</c> runs.</summary>
public class KmsProxyPageTests
{
    [Theory]
    [InlineData("python", "python.py")]
    [InlineData("ruby", "ruby.rb")]
    [InlineData("javascript", "javascript.js")]
    [InlineData("go", "golang.go")]
    [InlineData("csharp", "dotnet/Program.cs")]
    [InlineData("text", "awscli.sh")]
    public void Lines_are_those_of_the_tested_program(string language, string program)
    {
        string[] tested = [.. File.ReadLines(DocsPage.InRepository($"tests/sdks/{program}")).Select(line => line.Trim())];
        List<string> shown = Assert.Single(DocsPage.Blocks(DocsPage.Named("kms-proxy.md"), language));

        Assert.All(shown, line => Assert.True(
            Array.Exists(tested, other => other.Contains(line.Trim(), StringComparison.Ordinal)), $"{program} has no line '{line}'"));
    }
}
