using System.CommandLine;

namespace KmsTool.CommandLine;

/// <summary>A command that takes SIGTERM and SIGINT itself; <see cref="CommandRunner"/> never cancels its token.</summary>
internal sealed class SignalHandlingCommand(string name) : Command(name);
