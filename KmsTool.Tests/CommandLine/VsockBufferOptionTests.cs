using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.CommandLine;

public class VsockBufferOptionTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData(null, "")]
    [InlineData(1024UL, null, "--vsock-buffer-size", "1024")]
    [InlineData(16777216UL, null, "--vsock-buffer-size=16777216")]
    [InlineData(3584UL, "3584")]
    [InlineData(4096UL, "3584", "--vsock-buffer-size", "4096")]
    [InlineData(4096UL, "malformed", "--vsock-buffer-size", "4096")]
    public void Read_takes_the_option_before_the_variable(ulong? expected, string? variable, params string[] arguments)
    {
        var option = new VsockBufferOption();

        Assert.Equal(expected, option.Read(Parse(option, arguments), Environment(variable)).VsockBufferSize);
    }

    [Theory]
    [InlineData("1023")]
    [InlineData("16777217")]
    [InlineData("-3584")]
    [InlineData("3.5")]
    [InlineData("0x1000")]
    [InlineData("64k")]
    [InlineData("99999999999999999999")]
    public void Read_refuses_what_is_out_of_range_and_says_the_range(string text)
    {
        var option = new VsockBufferOption();

        Assert.Equal(
            $"--vsock-buffer-size '{text}' is not a number of bytes from 1024 to 16777216.",
            Assert.Single(Parse(option, "--vsock-buffer-size=" + text).Errors).Message);
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => option.Read(Parse(option), Environment(text)));
        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Equal($"KMSTOOL_VSOCK_BUFFER_SIZE '{text}' is not a number of bytes from 1024 to 16777216.", e.Message);
    }

    [Theory]
    [InlineData("kmstool-enclave", "--listen unix:/nonexistent/e --nsm unix:/nonexistent/n")]
    [InlineData("kmstool-enclave", "serve --listen unix:/nonexistent/e --nsm unix:/nonexistent/n")]
    [InlineData("kmstool-enclave", "run --region eu-west-1 --proxy unix:/nonexistent/p --nsm unix:/nonexistent/n -- true")]
    [InlineData("kmstool-enclave", "kms-proxy --region eu-west-1 --proxy unix:/nonexistent/p --nsm unix:/nonexistent/n --environment-file /nonexistent/x")]
    [InlineData("kmstool-enclave", "genrandom --length 1 --proxy unix:/nonexistent/p --nsm unix:/nonexistent/n")]
    [InlineData("kmstool-instance", "--cid unix:/nonexistent/e AAAA")]
    [InlineData("kmstool-instance", "generate-random --cid unix:/nonexistent/e --number-of-bytes 1")]
    [InlineData("kmstool-instance", "describe --cid unix:/nonexistent/e")]
    [InlineData("kmstool-instance", "attest --cid unix:/nonexistent/e")]
    [InlineData("kmstool-instance", "credentials push --cid unix:/nonexistent/e")]
    [InlineData("kmstool-instance", "vsock-proxy unix:/nonexistent/p 127.0.0.1 443")]
    public async Task Run_with_a_malformed_variable_exits_with_2(string program, string arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            program,
            arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            new Dictionary<string, string> { [VsockBufferOption.Variable] = "64k", ["AWS_ACCESS_KEY_ID"] = "AKID" });

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("KMSTOOL_VSOCK_BUFFER_SIZE '64k' is not a number of bytes from 1024 to 16777216", result.Error, StringComparison.Ordinal);
    }

    private static ParseResult Parse(VsockBufferOption option, params string[] arguments)
    {
        var command = new RootCommand();
        option.AddTo(command);
        return command.Parse(arguments);
    }

    private static Func<string, string?> Environment(string? size) => name => name == VsockBufferOption.Variable ? size : null;
}
