using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// The signals that this process has got, in one queue from the moment it is made: one reader acts on them one after the other,
/// so that it never signals a process which it has reaped in the meantime. None has its default effect any more. SIGCHLD is not
/// among them until somebody adds it.
/// </summary>
internal sealed partial class SignalQueue : IDisposable
{
    private const nint DefaultDisposition = 0;

    private static readonly Signal[] Awaited =
    [
        Signal.SIGTERM, Signal.SIGINT, Signal.SIGHUP, Signal.SIGQUIT, Signal.SIGUSR1, Signal.SIGUSR2, Signal.SIGWINCH,
        Signal.SIGCONT,
    ];

    private readonly Channel<Signal> _signals = Channel.CreateUnbounded<Signal>(new UnboundedChannelOptions { SingleReader = true });

    // Never disposed of: a signal may be on its way from another thread until the process ends.
    private readonly CancellationTokenSource _terminating = new();
    private readonly PosixSignalRegistration[] _registrations;

    public SignalQueue() => _registrations =
    [
        .. Awaited.Select(signal => PosixSignalRegistration.Create((PosixSignal)signal, context => Receive(signal, context))),
        KeepRuntimeFromChildren(),
    ];

    /// <summary>Cancelled by the first SIGTERM or SIGINT.</summary>
    public CancellationToken Terminating => _terminating.Token;

    /// <summary>Queues a signal as if it had been sent to this process.</summary>
    public void Add(Signal signal) => _signals.Writer.TryWrite(signal);

    /// <summary>There will be no more that matter.</summary>
    public void Complete() => _signals.Writer.TryComplete();

    /// <summary>All signals until <see cref="Complete"/>.</summary>
    public IAsyncEnumerable<Signal> ReadAllAsync() => _signals.Reader.ReadAllAsync();

    /// <summary>Signals have their default effects again.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Receive(Signal signal, PosixSignalContext context)
    {
        context.Cancel = true;
        Add(signal);
        if (signal is Signal.SIGTERM or Signal.SIGINT)
        {
            _terminating.Cancel();
        }
    }

    /// <summary>
    /// Makes SIGCHLD do nothing. As PID 1, and where SIGCHLD was ignored at its start, the runtime's handler reaps all children,
    /// the application included; it is installed when Console is first used on a terminal. The runtime installs it only once:
    /// it is made to, and the handler is taken away.
    /// </summary>
    private static PosixSignalRegistration KeepRuntimeFromChildren()
    {
        var registration = PosixSignalRegistration.Create((PosixSignal)Signal.SIGCHLD, _ => { });
        _ = SetDisposition((int)Signal.SIGCHLD, DefaultDisposition);
        return registration;
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetDisposition(int signal, nint disposition);
}

/// <summary>Signals by the numbers they have on x86-64 and ARM64 (signal(7)); a real-time signal has no name.</summary>
internal enum Signal
{
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
}
