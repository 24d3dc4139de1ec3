using System.CommandLine;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KmsTool.CommandLine;

/// <summary>
/// Sends the log to stderr, one line an event; stdout belongs to results. A thread of its own writes what has come together in
/// one piece: a write for each event took a third of the time of a short connection through the proxy.
/// </summary>
internal sealed class LogOutput : ILoggerProvider
{
    // A blocked stderr must neither stop the program nor fill its memory: events that do not fit are dropped and counted.
    private const int MaxPending = 512 * 1024;
    private const int BufferSize = 16 * 1024;

    // The first event after a pause is written at once; those that follow closely share a write.
    private static readonly TimeSpan WritePause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastWritePatience = TimeSpan.FromSeconds(2);

    private readonly object _lock = new();
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Thread _writer;
    private StringBuilder _pending = new();
    private StringBuilder _writing = new();
    private long _dropped;
    private bool _isIdle;
    private bool _ended;

    /// <param name="output">Written to, and left open.</param>
    /// <param name="time">Dates the events.</param>
    public LogOutput(TextWriter output, TimeProvider time)
    {
        _output = output;
        _time = time;
        _writer = new Thread(WriteAll) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <param name="minimum">Events below it are left out.</param>
    /// <param name="output">Where they go, if it is not stderr itself.</param>
    /// <returns>Disposed of, it has written all that was logged: the error a command ends with comes after its log.</returns>
    public static ILoggerFactory Create(LogLevel minimum, TextWriter? output = null)
    {
        TextWriter writer = output ?? new StreamWriter(Console.OpenStandardError(), bufferSize: BufferSize);

        // Made by a delegate, as a provider that is given as an object is not disposed of with the factory.
        return LoggerFactory.Create(builder => builder
            .SetMinimumLevel(minimum)
            .Services.AddSingleton<ILoggerProvider>(_ => new LogOutput(writer, TimeProvider.System)));
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <summary>Writes what has been logged so far, unless stderr is blocked.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            Monitor.PulseAll(_lock);
        }

        _writer.Join(LastWritePatience);
    }

    private void Add(LogLevel level, string category, int id, string message)
    {
        string text = message.AsSpan().ContainsAny('\r', '\n') ? message.ReplaceLineEndings(" ") : message;
        string line = string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow().UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Name(level)}: {category}[{id}] {text}\n");
        lock (_lock)
        {
            if (_ended || _pending.Length > MaxPending)
            {
                _dropped++;
                return;
            }

            _pending.Append(line);
            if (_isIdle)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    private void WriteAll()
    {
        while (TakePending())
        {
            try
            {
                foreach (ReadOnlyMemory<char> chunk in _writing.GetChunks())
                {
                    _output.Write(chunk.Span);
                }

                _output.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // stderr has no reader, so that the failure cannot be reported.
            }

            _writing.Clear();
            lock (_lock)
            {
                if (!_ended)
                {
                    Monitor.Wait(_lock, WritePause);
                }
            }
        }
    }

    /// <summary>Waits for events and makes them those that are written; false when there are none and none will come.</summary>
    private bool TakePending()
    {
        lock (_lock)
        {
            _isIdle = true;
            while (_pending.Length == 0 && !_ended)
            {
                Monitor.Wait(_lock);
            }

            _isIdle = false;
            if (_dropped > 0)
            {
                _pending.Append(CultureInfo.InvariantCulture, $"{_dropped} events were not logged, as nobody read the log\n");
            }

            _dropped = 0;
            (_pending, _writing) = (_writing, _pending);
            return _writing.Length > 0;
        }
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };

    private sealed class Logger(LogOutput output, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The factory asks its own levels first.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            output.Add(logLevel, category, eventId.Id, formatter(state, exception));
    }
}

/// <summary><c>--log-level</c>, and <c>--debug</c>, which AWS users type for the level <c>debug</c>.</summary>
internal sealed class LogLevelOption
{
    private static readonly string[] Levels = ["trace", "debug", "information", "warning", "error", "none"];

    private readonly Option<string> _level;
    private readonly Option<bool> _debug = new("--debug") { Description = "The same as --log-level debug." };

    public LogLevelOption(LogLevel byDefault)
    {
        _level = new Option<string>("--log-level")
        {
            HelpName = "LEVEL",
            DefaultValueFactory = _ => byDefault.ToString().ToLowerInvariant(),
            Description = $"The least severe events to write to stderr: {string.Join(", ", Levels)}.",
        };
        _level.AcceptOnlyFromAmong(Levels);
    }

    public void AddTo(Command command)
    {
        command.Add(_level);
        command.Add(_debug);
    }

    /// <exception cref="CommandFailedException">Both options are given.</exception>
    public LogLevel Read(ParseResult parseResult)
    {
        if (!parseResult.GetValue(_debug))
        {
            return Enum.Parse<LogLevel>(parseResult.GetRequiredValue(_level), ignoreCase: true);
        }

        return parseResult.GetResult(_level) is { Implicit: false }
            ? throw new CommandFailedException(ExitCode.WrongUsage, "--debug is --log-level debug; give one of them.")
            : LogLevel.Debug;
    }
}
