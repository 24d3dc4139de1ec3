using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance;
using KmsTool.Instance.Commands;
using KmsTool.Tests.Docs;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>The unit of systemd starts what there is.</summary>
public class VsockProxyUnitFileTests
{
    [Fact]
    public void ExecStart_is_understood_by_the_program()
    {
        string line = Assert.Single(
            File.ReadLines(DocsPage.InRepository("containers/systemd/kmstool-vsock-proxy.service")), line => line.StartsWith("ExecStart=", StringComparison.Ordinal));
        string[] command = line["ExecStart=".Length..].Split(' ');

        ParseResult result = CommandRunner.Parse(Program.BuildCommandTree("kmstool-instance", new DecryptCommandLine()), command[1..]);

        Assert.Equal("kmstool-instance", Path.GetFileName(command[0]));
        Assert.Equal(VsockProxyCommandLine.Name, result.CommandResult.Command.Name);
        Assert.Empty(result.Errors);
    }
}
