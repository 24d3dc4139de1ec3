using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KmsTool.Cli;

/// <summary>Sends the log to stderr, one line an event; stdout belongs to results.</summary>
internal static class LogOutput
{
    public static ILoggerFactory Create(LogLevel minimum) => LoggerFactory.Create(builder => builder
        .SetMinimumLevel(minimum)
        .AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.ColorBehavior = LoggerColorBehavior.Disabled;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            options.UseUtcTimestamp = true;
        })
        .AddConsole(options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;
            // A stderr that nobody reads must not stop the program: what does not fit is dropped and counted.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        }));
}
