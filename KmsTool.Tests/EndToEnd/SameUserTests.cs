using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KmsTool.Tests.Enclave.Supervisor;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// What a process gets of our programs that runs as the same user, where that is not root: nothing through the runtime's
/// diagnostics port, proc(5) or ptrace(2), however they were started. Tests that run as root have both run as nobody.
/// </summary>
public sealed partial class SameUserTests : IDisposable
{
    /// <summary>The command of this assembly that tells what it gets of another process.</summary>
    public const string Probe = "probe";

    private const int Attach = 16;
    private const string Secret = "the secret access key";

    private readonly TempDirectory _directory = new();

    public SameUserTests() => File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);

    /// <summary>A program, whether <c>dotnet</c> starts it, and a variable that would have it open the port.</summary>
    public static TheoryData<string, bool, string> Starts => new()
    {
        { "kmstool-enclave", false, "" },
        { "kmstool-enclave", true, "DOTNET_EnableDiagnostics=1" },
        { "kmstool-instance", false, "COMPlus_EnableDiagnostics=1" },
        { "kmstool-instance", true, "DOTNET_EnableDiagnostics_IPC=1" },
        { "kmstool-simulator", false, "DOTNET_DiagnosticPorts=port.sock,listen,nosuspend" },
        { "kmstool-simulator", true, "DOTNET_EnableDiagnostics=0" },
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task Program_isClosedToProcessesOfItsUser(string program, bool withDotnet, string variable)
    {
        string[] start = withDotnet ? [ProgramRunner.Dotnet, InBuild(program + ".dll")] : [InBuild(program)];
        string[] simulate = program == "kmstool-simulator" ? [variable, .. start] : [InBuild("kmstool-simulator")];
        await using RunningProgram simulator = Start([.. simulate, "run", "--dir", _directory["sim"]]);
        await simulator.WaitForOutputAsync("ready");
        await using RunningProgram? other = program switch
        {
            "kmstool-enclave" => Start([variable, .. start, "serve", "--listen", "unix:" + _directory["e.sock"], "--nsm", $"unix:{_directory["sim"]}/nsm.sock"]),
            "kmstool-instance" => Start([variable, .. start, "vsock-proxy", "unix:" + _directory["p.sock"], "127.0.0.1", "9"]),
            _ => null,
        };
        await (program switch
        {
            "kmstool-enclave" => other!.WaitForOutputAsync("ready"),
            "kmstool-instance" => other!.WaitForErrorAsync("listening on"),
            _ => Task.CompletedTask,
        });

        Assert.Equal("environ: refused\nmem: refused\nptrace: refused\nports: 0\n", await ProbeAsync((other ?? simulator).Id));
    }

    /// <summary>Shows that the probe finds what there is to find.</summary>
    [Fact]
    public async Task OtherProgram_isOpenToProcessesOfItsUser()
    {
        await using RunningProgram running = Start([ProgramRunner.Dotnet, .. SupervisorProgram.Late("true")]);
        await running.WaitForOutputAsync("waiting");

        string[] found = (await ProbeAsync(running.Id)).Split('\n');

        Assert.Equal("environ: " + Secret, found[0]);
        Assert.NotEqual("ports: 0", found[3]);
    }

    /// <summary>What <see cref="Probe"/> does.</summary>
    public static async Task<int> ProbeAsync(string[] args)
    {
        int id = int.Parse(args[0], CultureInfo.InvariantCulture);
        await Console.Out.WriteLineAsync("environ: " + Try(() => Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{id}/environ")).Contains(Secret, StringComparison.Ordinal) ? Secret : "read"));
        await Console.Out.WriteLineAsync("mem: " + Try(() =>
        {
            using FileStream memory = File.OpenRead($"/proc/{id}/mem");
            return "opened";
        }));
        await Console.Out.WriteLineAsync("ptrace: " + (Trace(Attach, id, 0, 0) == 0 ? "attached" : "refused"));
        // The files of the port and of the debugger's pipes, and the sockets that listen, whatever they are called.
        string[] ports =
        [
            .. Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{id}-*"),
            .. Directory.GetFiles(Path.GetTempPath(), $"clr-debug-pipe-{id}-*"),
            .. (await File.ReadAllLinesAsync("/proc/net/unix")).Where(line => line.EndsWith("/port.sock", StringComparison.Ordinal)),
        ];
        await Console.Out.WriteLineAsync($"ports: {ports.Length}");
        return 0;
    }

    private static string InBuild(string file) => Path.Combine(AppContext.BaseDirectory, file);

    // setpriv(1) and env(1) become the program that they start.
    private static string[] AsNobody(params string[] command) =>
        Environment.UserName == "root" ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. command] : command;

    private RunningProgram Start(string[] command)
    {
        string[] all = AsNobody(["/usr/bin/env", "--unset=DOTNET_EnableDiagnostics", $"--chdir={_directory.Path}", .. command.Where(part => part.Length > 0)]);
        return ProgramRunner.Start(all[0], all[1..], new Dictionary<string, string>
        {
            ["AWS_SECRET_ACCESS_KEY"] = Secret,
            ["HOME"] = _directory.Path,
            ["TMPDIR"] = _directory.Path,
        });
    }

    private async Task<string> ProbeAsync(int id)
    {
        await using RunningProgram probe = Start([ProgramRunner.Dotnet, typeof(SameUserTests).Assembly.Location, Probe, id.ToString(CultureInfo.InvariantCulture)]);
        ProgramResult result = await probe.WaitForExitAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Output;
    }

    private static string Try(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (UnauthorizedAccessException)
        {
            return "refused";
        }
    }

    [LibraryImport("libc", EntryPoint = "ptrace")]
    private static partial nint Trace(nint request, int id, nint address, nint data);
}
