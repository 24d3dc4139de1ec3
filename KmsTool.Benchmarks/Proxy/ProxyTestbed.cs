using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KmsTool.Benchmarks.Processes;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>A destination and the paths to it, with their sockets in a folder that goes when they do.</summary>
internal sealed class ProxyTestbed : IAsyncDisposable
{
    /// <summary>Descriptors of each proxy and of this program: 10,000 connections take two of each, and more.</summary>
    public const int Descriptors = 100_000;

    // What kmstool is asked to serve at once.
    private const int Connections = 20_000;

    private const string ProgramName = "kmstool-instance";

    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kt");
    private readonly List<MeasuredPath> _paths = [];
    private readonly ProxyOptions _options;

    private ProxyTestbed(ProxyOptions options, int threads)
    {
        _options = options;
        Destination = new Destination(threads);
    }

    public Destination Destination { get; }

    public IReadOnlyList<MeasuredPath> Paths => _paths;

    /// <summary>Starts fresh programs for the paths.</summary>
    /// <param name="options">What to start them with.</param>
    /// <param name="kinds">The paths, in the order in which they are measured first.</param>
    /// <param name="threads">Connections that the destination serves at once.</param>
    /// <param name="cancellationToken">Ends the wait for the programs.</param>
    /// <exception cref="CommandFailedException">A program is missing or does not start.</exception>
    public static async Task<ProxyTestbed> StartAsync(
        ProxyOptions options, IReadOnlyList<PathKind> kinds, int threads, CancellationToken cancellationToken)
    {
        var testbed = new ProxyTestbed(options, threads);
        try
        {
            foreach (PathKind kind in kinds)
            {
                await testbed.AddAsync(kind, cancellationToken);
            }

            return testbed;
        }
        catch
        {
            await testbed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Path of the published program.</summary>
    /// <exception cref="CommandFailedException">It has not been published.</exception>
    public static string FindProgram(ProxyOptions options)
    {
        string path = Path.GetFullPath(ProgramName, Path.GetFullPath(options.ProgramDirectory));
        return File.Exists(path)
            ? path
            : throw new CommandFailedException(ExitCode.WrongUsage, $"There is no {path}; run 'make publish' first, or name another folder with --programs.");
    }

    /// <summary>Arguments of kmstool-instance.</summary>
    public static string[] KmstoolArguments(ProxyOptions options, string socket, string port) =>
        ["vsock-proxy", $"unix:{socket}", "127.0.0.1", port, "-w", $"{Connections}", .. options.ProxyArguments];

    public async ValueTask DisposeAsync()
    {
        foreach (MeasuredPath path in _paths)
        {
            await path.DisposeAsync();
        }

        Destination.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task AddAsync(PathKind kind, CancellationToken cancellationToken)
    {
        string socket = Path.Combine(_directory.FullName, $"{kind}.sock");
        string port = $"{Destination.EndPoint.Port}";
        StartedProgram? program = kind switch
        {
            PathKind.MinimalRelay => StartRelay(socket, port),
            PathKind.Socat => Start(kind, Socat.Find(), Socat.Arguments(socket, port), NoEnvironment),
            PathKind.Kmstool => Start(kind, FindProgram(_options), KmstoolArguments(_options, socket, port), _options.ProxyEnvironment),
            _ => null,
        };
        EndPoint entrance = program is null ? Destination.EndPoint : new UnixDomainSocketEndPoint(socket);
        _paths.Add(new MeasuredPath(kind, entrance, program));
        if (program is not null)
        {
            await program.WaitUntilAsync(() => IsServing(entrance), cancellationToken);
        }
    }

    private StartedProgram StartRelay(string socket, string port)
    {
        // This program once more, by the runtime that runs it: its own start would have to find one.
        string root = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
        return Start(PathKind.MinimalRelay, Path.Combine(root, "dotnet"),
            ["exec", typeof(Program).Assembly.Location, Commands.RelayCommandLine.Name, socket, port],
            new Dictionary<string, string> { ["DOTNET_ROOT"] = root });
    }

    private StartedProgram Start(PathKind kind, string path, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment) =>
        StartedProgram.Start(path, arguments, environment, Path.Combine(_directory.FullName, $"{kind}.log"), Descriptors);

    private static bool IsServing(EndPoint entrance)
    {
        try
        {
            ClientSocket.Exchange(entrance);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
