namespace KmsTool.CommandLine;

/// <summary>
/// Ends a command: the exit code, and the one line for stderr that says what was tried, what happened and what to do next.
/// </summary>
internal class CommandFailedException(ExitCode exitCode, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public ExitCode ExitCode { get; } = exitCode;
}
