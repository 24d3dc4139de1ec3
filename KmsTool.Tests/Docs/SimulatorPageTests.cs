using System.Text.RegularExpressions;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Docs;

/// <summary>What docs/testing-without-aws.md lists is what the simulator knows.</summary>
public sealed partial class SimulatorPageTests
{
    [Fact]
    public void Condition_keys_listed_are_exactly_those_that_policies_may_name()
    {
        string page = File.ReadAllText(DocsPage.Named("testing-without-aws.md"));
        string[] listed = [.. KeyList().Matches(page).SelectMany(list => Code().Matches(list.Value)
            .Select(code => code.Groups["text"].Value)
            .Select(name => Prefix().IsMatch(name) ? name : list.Groups["prefix"].Value + name))];
        string source = File.ReadAllText(DocsPage.InRepository("KmsTool.Simulator/Iam/Policies/ConditionKey.cs"));
        // Names that stand for many, such as kms:EncryptionContext:NAME, are a pattern there.
        string[] known = [.. QuotedKey().Matches(source).Select(match => match.Groups["key"].Value)];

        Assert.All(listed, name => Assert.Equal(name, ConditionKey.Find(name).Name));
        Assert.Equal(listed.Length, listed.Distinct().Count());
        Assert.Equal(known.Order(StringComparer.Ordinal), listed.Where(name => !Family().IsMatch(name)).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^- `(?<prefix>aws:|kms:)[^\n]*(\n  [^\n]*)*", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex KeyList();

    [GeneratedRegex("`(?<text>[^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\A(aws|kms):")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"""(?<key>(aws|kms):[A-Za-z0-9:]*[A-Za-z0-9])""[,\]]", RegexOptions.ExplicitCapture)]
    private static partial Regex QuotedKey();

    [GeneratedRegex(@"/KEY|:NAME|PCR[0-9]+\z")]
    private static partial Regex Family();
}
