using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>The program that is compared with, as the distribution ships it.</summary>
internal static class Socat
{
    private static readonly string[] Places = ["/usr/bin/socat", "/bin/socat", "/usr/local/bin/socat"];

    /// <exception cref="CommandFailedException">It is not installed.</exception>
    public static string Find() => Places.FirstOrDefault(File.Exists)
        ?? throw new CommandFailedException(ExitCode.WrongUsage, "There is no socat to compare with; 'apt-get install socat' installs it.");

    /// <summary>Its arguments: buffers of 8 KiB and a process for each connection, as by default.</summary>
    public static string[] Arguments(string socket, string port) => [$"UNIX-LISTEN:{socket},fork,backlog=1024", $"TCP:127.0.0.1:{port}"];
}
