using KmsTool.Enclave.Supervisor;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>What <c>--user</c> means, by the files of the enclave.</summary>
public sealed class ApplicationUserTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public ApplicationUserTests()
    {
        File.WriteAllText(_directory["passwd"], """
            root:x:0:0:root:/root:/bin/sh
            short
            toor:x:0:0::/:
            app:x:1000:1001:The application:/home/app:/bin/sh
            app:x:7:7::/second:/bin/sh
            bare:x:1002
            letters:x:ten:10::/:
            large:x:4294967295:10::/:
            """);
        File.WriteAllText(_directory["group"], """
            root:x:0:
            keys:x:500:app
            """);
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("app", 1000u, 1001u, "/home/app")]
    [InlineData("1000", 1000u, 1001u, "/home/app")]
    [InlineData("app:keys", 1000u, 500u, "/home/app")]
    [InlineData("1000:500", 1000u, 500u, "/home/app")]
    [InlineData("app:77", 1000u, 77u, "/home/app")]
    [InlineData("app:0", 1000u, 0u, "/home/app")]
    [InlineData("2000", 2000u, 2000u, "/")]
    [InlineData("2000:keys", 2000u, 500u, "/")]
    [InlineData("bare:5", 1002u, 5u, "/")]
    [InlineData("4294967294", 4294967294u, 4294967294u, "/")]
    public void Find_ofAUser_givesItsNumbersAndHome(string text, uint id, uint group, string home) =>
        Assert.Equal(new ApplicationUser(id, group, home), Find(text));

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("app:")]
    [InlineData(":keys")]
    [InlineData("app:keys:")]
    [InlineData("1:2:3")]
    [InlineData("nobody")]
    [InlineData("app:nogroup")]
    [InlineData("App")]
    [InlineData(" app")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("0x10")]
    [InlineData("1000 ")]
    [InlineData("4294967295")]
    [InlineData("4294967296")]
    [InlineData("99999999999999999999999")]
    [InlineData("app:4294967295")]
    [InlineData("short")]
    [InlineData("bare")]
    [InlineData("letters")]
    [InlineData("large")]
    [InlineData("0")]
    [InlineData("00")]
    [InlineData("0:1000")]
    [InlineData("root")]
    [InlineData("toor:keys")]
    public void Find_ofWhatIsNotAUserOrIsRoot_fails(string text) => Assert.Throws<FormatException>(() => Find(text));

    [Fact]
    public void Find_withoutFiles_takesNumbersOnly()
    {
        Assert.Equal(new ApplicationUser(5, 6, "/"), ApplicationUser.Find("5:6", _directory["none"], _directory["none"]));
        Assert.Throws<FormatException>(() => ApplicationUser.Find("app", _directory["none"], _directory["none"]));
    }

    private ApplicationUser Find(string text) => ApplicationUser.Find(text, _directory["passwd"], _directory["group"]);
}
