using System.CommandLine;
using KmsTool.Enclave.Startup;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that refuse an enclave which is less safe than it seems, each with its environment variable.</summary>
internal sealed class StartupOptions
{
    private readonly Option<bool> _refuseDebugMode = new("--refuse-debug-mode");
    private readonly Option<bool> _refuseClockSkew = new("--refuse-clock-skew");
    private readonly Option<bool> _refuseOtherRandomSource = new("--refuse-other-random-source");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_refuseDebugMode, _refuseClockSkew, _refuseOtherRandomSource])
        {
            command.Add(option);
        }
    }

    /// <exception cref="KmsTool.CommandLine.CommandFailedException">A variable is malformed.</exception>
    public StartupSettings Bind(ParseResult parseResult, Func<string, string?> environment) => new()
    {
        RefuseDebugMode = IsSet(_refuseDebugMode, parseResult, environment),
        RefuseClockSkew = IsSet(_refuseClockSkew, parseResult, environment),
        RefuseOtherRandomSource = IsSet(_refuseOtherRandomSource, parseResult, environment),
    };

    // Both are looked at, as a malformed variable is an error next to an option, too.
    private static bool IsSet(Option<bool> option, ParseResult parseResult, Func<string, string?> environment) =>
        PinVariables.ReadSwitch(environment, option.Name) | parseResult.GetValue(option);
}
