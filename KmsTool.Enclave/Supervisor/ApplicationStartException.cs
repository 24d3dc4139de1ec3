using KmsTool.CommandLine;

namespace KmsTool.Enclave.Supervisor;

/// <summary>The application could not be started; the exit code is the one that shells end with then.</summary>
internal sealed class ApplicationStartException(ExitCode exitCode, string message) : CommandFailedException(exitCode, message);
