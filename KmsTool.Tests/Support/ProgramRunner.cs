using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KmsTool.Tests.Support;

/// <summary>
/// Runs the programs as processes of their own, in an environment that holds nothing of the machine's: an empty home, no
/// AWS variables, and no instance metadata service unless the test names one.
/// </summary>
internal static class ProgramRunner
{
    // The runtime's directory is ROOT/shared/Microsoft.NETCore.App/VERSION/; the programs look for it under DOTNET_ROOT.
    private static readonly string DotnetRoot =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>The program that runs an assembly with an entry point.</summary>
    public static string Dotnet { get; } = Path.Combine(DotnetRoot, "dotnet");

    /// <summary>Starts a program of this solution, such as <c>kmstool-instance</c>, and leaves its stdin open.</summary>
    public static RunningProgram Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var home = new TempDirectory();
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home.Path,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = home.Path;
        start.Environment["DOTNET_ROOT"] = DotnetRoot;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        // As in the images; otherwise each program starts itself a second time, which takes time.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new RunningProgram(Process.Start(start)!, home);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        ReadOnlyMemory<byte> input = default)
    {
        await using RunningProgram running = Start(program, arguments, environment);
        try
        {
            await running.Input.WriteAsync(input);
            running.CloseInput();
        }
        catch (IOException)
        {
            // The program ended without reading its input; its result tells why.
        }

        return await running.WaitForExitAsync();
    }
}
