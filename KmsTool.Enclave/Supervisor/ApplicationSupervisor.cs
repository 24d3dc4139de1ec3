using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// Runs the application in place of this process, which may be PID 1: signals go to the application, orphans are reaped. From
/// the time it is made it takes the signals of the process; those that come before the application are delivered to it.
/// </summary>
internal sealed class ApplicationSupervisor(ILogger logger) : IDisposable
{
    private readonly SignalQueue _signals = new();
    private readonly SemaphoreSlim _reaped = new(0);

    /// <summary>How long the application may take to end by SIGTERM when it is aborted.</summary>
    public TimeSpan GraceTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Cancelled by the first SIGTERM or SIGINT, so that whatever is awaited before the application starts can be given up.
    /// </summary>
    public CancellationToken Terminating => _signals.Terminating;

    /// <summary>Starts the application and waits for its end. Once only.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="abort">
    /// Something that the application needs has failed: it gets SIGTERM, and SIGKILL after <see cref="GraceTime"/>.
    /// </param>
    /// <returns>Its exit status; 128 and the signal's number if a signal ended it.</returns>
    /// <exception cref="ApplicationStartException">It could not be started.</exception>
    /// <exception cref="OperationCanceledException">It was aborted before it started.</exception>
    public async Task<int> RunAsync(ApplicationCommand command, CancellationToken abort)
    {
        abort.ThrowIfCancellationRequested();
        ChildProcesses.AdoptOrphans();
        int application = await StartAsync(command);
        Log.ApplicationStarted(logger, application);

        await using ITimer killing = TimeProvider.System.CreateTimer(_ => Kill(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration aborting = abort.Register(() =>
        {
            killing.Change(GraceTime, Timeout.InfiniteTimeSpan);
            _signals.Add(Signal.SIGTERM);
        });
        await foreach (Signal signal in _signals.ReadAllAsync())
        {
            if (signal != Signal.SIGCHLD)
            {
                Forward(signal, application);
            }
            else if (Reap(application) is { } ended)
            {
                return ended.ExitStatus;
            }
        }

        throw new InvalidOperationException("somebody else has reaped the application");
    }

    public void Dispose() => _signals.Dispose();

    // On a thread that lasts as long as there are children: the application is killed when the thread that started it ends.
    private Task<int> StartAsync(ApplicationCommand command)
    {
        var started = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                started.SetResult(ApplicationProcess.Start(command));
            }
            catch (ApplicationStartException e)
            {
                started.SetException(e);
                return;
            }

            WatchChildren();
        })
        { IsBackground = true, Name = "children" }.Start();
        return started.Task;
    }

    /// <summary>Tells of ends of children, one at a time: an ended child is told of again until it has been reaped.</summary>
    private void WatchChildren()
    {
        while (ChildProcesses.WaitForEnd())
        {
            _signals.Add(Signal.SIGCHLD);
            _reaped.Wait();
        }

        _signals.Complete();
    }

    private void Kill()
    {
        Log.ApplicationKilled(logger, GraceTime.TotalSeconds);
        _signals.Add(Signal.SIGKILL);
    }

    private void Forward(Signal signal, int application)
    {
        if (ControllingTerminal.Signals(signal))
        {
            Log.SignalLeftToTerminal(logger, signal);
            return;
        }

        try
        {
            ChildProcesses.Send(application, signal);
            Log.SignalForwarded(logger, signal);
        }
        catch (IOException e)
        {
            Log.SignalNotForwarded(logger, signal, e.Message);
        }
    }

    /// <returns>The application, if it has ended.</returns>
    private EndedProcess? Reap(int application)
    {
        EndedProcess? found = null;
        foreach (EndedProcess ended in ChildProcesses.Reap())
        {
            if (ended.Id == application)
            {
                found = ended;
            }
            else
            {
                Log.OrphanReaped(logger, ended.Id);
            }
        }

        _reaped.Release();
        if (found?.Signal is { } signal)
        {
            Log.ApplicationEndedBySignal(logger, signal);
        }
        else if (found is { } ended)
        {
            Log.ApplicationEnded(logger, ended.ExitStatus);
        }

        return found;
    }
}

/// <summary>What to run.</summary>
/// <param name="Arguments">
/// The program and its arguments. A program without a slash is looked up in the PATH of <paramref name="Environment"/>.
/// </param>
/// <param name="Environment">The whole environment of the application.</param>
/// <param name="User">As whom; <see langword="null"/> for the user of this process.</param>
internal sealed record ApplicationCommand(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, ApplicationUser? User = null);
