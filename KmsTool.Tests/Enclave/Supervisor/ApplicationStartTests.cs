using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Supervisor;

/// <summary>How the application starts and ends, and what it is given.</summary>
public sealed class ApplicationStartTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -TERM $$", 128 + 15)]
    [InlineData("kill -KILL $$", 128 + 9)]
    [InlineData("kill -SEGV $$", 128 + 11)]
    public async Task Run_endsAsTheApplicationDid(string script, int expected)
    {
        ProgramResult result = await SupervisedApplication.RunAsync("sh", "-c", script);

        Assert.Equal((expected, "", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Run_logsItsStartAndItsEnd()
    {
        await using RunningProgram running = SupervisedApplication.Start("echo $$; exit 7");
        ProgramResult result = await running.WaitForExitAsync();

        Assert.Contains($"Application started as process {result.Output}", result.Error, StringComparison.Ordinal);
        Assert.Contains("Application ended with exit status 7\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_handsArgumentsOnAsTheyAre()
    {
        string[] arguments =
        [
            "two words", "", "\"quoted\"", "it's", "$HOME *", "back\\slash", "tab\tand\nline", "ü€\U0001F600", "--", "-x=y", "--log-level", "trace",
            "--help", "--version", "@file", "[suggest]", "name=value", "-a:b",
        ];

        ProgramResult result = await SupervisedApplication.RunAsync(["printf", "%s\\0", .. arguments]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([.. arguments, ""], result.Output.Split('\0'));
    }

    [Fact]
    public async Task Run_handsItsEnvironmentOn()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            SupervisedApplication.Program,
            [.. SupervisedApplication.Run("none"), "--", "sh", "-c", "printf %s \"$GREETING\""],
            new Dictionary<string, string> { ["GREETING"] = "grüß = \"Gott\"" });

        Assert.Equal("grüß = \"Gott\"", result.Output);
    }

    [Fact]
    public async Task Run_looksProgramsUpInPath()
    {
        CreateScript("greet", "#!/bin/sh\necho found\n", UnixFileMode.UserRead | UnixFileMode.UserExecute);

        ProgramResult result = await ProgramRunner.RunAsync(
            SupervisedApplication.Program,
            [.. SupervisedApplication.Run("none"), "--", "greet"],
            new Dictionary<string, string> { ["PATH"] = "/nonexistent:" + _directory.Path });

        Assert.Equal((0, "found\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task Run_handsStdinOn()
    {
        byte[] input = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7))];

        ProgramResult result = await ProgramRunner.RunAsync(SupervisedApplication.Program, [.. SupervisedApplication.Run("none"), "--", "cat"], input: input);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(input, result.OutputBytes);
    }

    [Fact]
    public async Task Run_leavesNoSignalIgnoredOrBlocked()
    {
        ProgramResult result = await SupervisedApplication.RunAsync("grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status");

        Assert.Equal("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", result.Output);
    }

    [Fact]
    public async Task Run_handsOnNoDescriptorsButTheStandardOnes()
    {
        // With one that it got itself, which no exec(2) closes. The 3 is the directory that ls reads.
        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh", ["-c", "exec 5</dev/null; exec \"$@\" -- ls /proc/self/fd", "sh", SupervisedApplication.Program, .. SupervisedApplication.Run("none")]);

        Assert.Equal((0, "0\n1\n2\n3\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("no-such-program")]
    [InlineData("/no/such/program")]
    [InlineData("")]
    public async Task Run_ofWhatDoesNotExist_endsWith127(string program)
    {
        ProgramResult result = await SupervisedApplication.RunAsync(program, "argument");

        Assert.Equal((127, "", $"kmstool-enclave: '{program}' was not found.\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Run_ofAScriptWithoutItsInterpreter_saysWhatIsMissing()
    {
        CreateScript("script", "#!/no/such/interpreter\n", UnixFileMode.UserRead | UnixFileMode.UserExecute);

        ProgramResult result = await SupervisedApplication.RunAsync(_directory["script"]);

        Assert.Equal(127, result.ExitCode);
        Assert.Equal(
            $"kmstool-enclave: '{_directory["script"]}' cannot be executed: the interpreter or the dynamic loader that it names is not in this image.\n",
            result.Error);
    }

    [Theory]
    [InlineData("#!/bin/sh\n", UnixFileMode.UserRead, "Permission denied")]
    [InlineData("no program", UnixFileMode.UserRead | UnixFileMode.UserExecute, "Exec format error")]
    public async Task Run_ofWhatCannotBeExecuted_endsWith126(string content, UnixFileMode mode, string reason)
    {
        CreateScript("program", content, mode);

        ProgramResult result = await SupervisedApplication.RunAsync(_directory["program"]);

        Assert.Equal((126, ""), (result.ExitCode, result.Output));
        Assert.Equal($"kmstool-enclave: '{_directory["program"]}' cannot be executed: {reason}.\n", result.Error);
    }

    [Fact]
    public async Task Run_ofADirectory_endsWith126()
    {
        ProgramResult result = await SupervisedApplication.RunAsync(_directory.Path);

        Assert.Equal((126, $"kmstool-enclave: '{_directory.Path}' cannot be executed: Permission denied.\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run", "--")]
    [InlineData("run", "sh", "-c", "exit 0")]
    [InlineData("run", "sh", "--", "-c", "exit 0")]
    public async Task Run_withoutAnApplicationAfterDashes_isWrongUsage(params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync(SupervisedApplication.Program, arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("kmstool-enclave: Write the application after --,", result.Error, StringComparison.Ordinal);
    }

    private void CreateScript(string name, string content, UnixFileMode mode)
    {
        File.WriteAllText(_directory[name], content);
        File.SetUnixFileMode(_directory[name], mode);
    }
}
