namespace KmsTool.Simulator.Commands;

/// <summary>A value on the command line that cannot be used.</summary>
internal sealed class UsageException(string message) : Exception(message);
