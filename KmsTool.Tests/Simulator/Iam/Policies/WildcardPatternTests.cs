using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Simulator.Iam.Policies;

public sealed class WildcardPatternTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("?", "a", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "ab", false)]
    [InlineData("kms:De*", "kms:Decrypt", true)]
    [InlineData("kms:De*", "kms:Encrypt", false)]
    [InlineData("kms:*rypt", "kms:Decrypt", true)]
    [InlineData("kms:*rypt", "kms:DecryptX", false)]
    [InlineData("*a*b*c*", "xaxbxc", true)]
    [InlineData("*a*b*c*", "xaxcxb", false)]
    [InlineData("a**b", "ab", true)]
    [InlineData("a?*b", "ab", false)]
    [InlineData("a?*b", "axxb", true)]
    [InlineData("abc", "ABC", false)]
    [InlineData("*ab", "aab", true)]
    public void Matches_pattern_asIamDoes(string pattern, string text, bool expected) =>
        Assert.Equal(expected, WildcardPattern.Matches(pattern, text, ignoreCase: false));

    [Fact]
    public void Matches_ignoringCase_comparesLettersOnly()
    {
        Assert.True(WildcardPattern.Matches("KMS:decr?pt", "kms:Decrypt", ignoreCase: true));
        Assert.False(WildcardPattern.Matches("kms;Decrypt", "kms:Decrypt", ignoreCase: true));
    }

    [Fact]
    public void Matches_manyStars_takesNoExponentialTime() =>
        Assert.False(WildcardPattern.Matches(string.Concat(Enumerable.Repeat("*a", 200)) + "b", new string('a', 5000), ignoreCase: false));
}
