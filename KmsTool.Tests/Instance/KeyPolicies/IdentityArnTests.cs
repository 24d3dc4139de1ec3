using KmsTool.Instance.KeyPolicies;

namespace KmsTool.Tests.Instance.KeyPolicies;

public sealed class IdentityArnTests
{
    [Theory]
    [InlineData("arn:aws:iam::111122223333:role/instance")]
    [InlineData("arn:aws-cn:iam::111122223333:role/instance")]
    [InlineData("arn:aws-us-gov:iam::111122223333:role/team/sub/a+b=c,d.e@f-g_h")]
    public void IsRole_of_a_role_is_true(string arn) => Assert.True(IdentityArn.IsRole(arn, out _) && IdentityArn.IsRoleOrUser(arn, out _));

    [Fact]
    public void IsRole_of_a_user_is_false()
    {
        const string Arn = "arn:aws:iam::111122223333:user/admin";

        Assert.True(IdentityArn.IsRoleOrUser(Arn, out _));
        Assert.False(IdentityArn.IsRole(Arn, out string? error));
        Assert.Contains("is a user", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is not an ARN")]
    [InlineData("*", "is not an ARN")]
    [InlineData("111122223333", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:root", "is the whole account")]
    [InlineData("arn:aws:sts::111122223333:assumed-role/instance/i-0123456789abcdef0", "is one session")]
    [InlineData("arn:aws:iam::111122223333:role/", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/path/", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/*", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/${aws:username}", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/a\"b", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/a b", "is not an ARN")]
    [InlineData("arn:aws:iam::111122223333:role/instance\n", "is not an ARN")]
    [InlineData("arn:aws:iam::11112222333:role/instance", "is not an ARN")]
    [InlineData("arn:aws:iam::1111222233334:role/instance", "is not an ARN")]
    [InlineData("arn:aws:iam:eu-central-1:111122223333:role/instance", "is not an ARN")]
    [InlineData("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "is not an ARN")]
    [InlineData("arn:awsx:iam::111122223333:role/instance", "is not an ARN")]
    [InlineData("ARN:aws:iam::111122223333:role/instance", "is not an ARN")]
    [InlineData("arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:role/instance", "is not an ARN")]
    public void IsRoleOrUser_of_anything_else_is_false(string arn, string reason)
    {
        Assert.False(IdentityArn.IsRoleOrUser(arn, out string? error));

        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void IsRole_of_an_endless_path_is_false() =>
        Assert.False(IdentityArn.IsRole("arn:aws:iam::111122223333:role/" + string.Concat(Enumerable.Repeat("a/", 1000)) + "name", out _));
}
