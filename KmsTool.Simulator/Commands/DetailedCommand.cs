using System.CommandLine;

namespace KmsTool.Simulator.Commands;

/// <summary>A command whose help ends with a text of more than a sentence, already laid out for 80 columns.</summary>
internal sealed class DetailedCommand(string name, string summary, string details) : Command(name, summary)
{
    public string Details { get; } = details;
}
