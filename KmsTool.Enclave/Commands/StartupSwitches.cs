using System.CommandLine;
using KmsTool.Enclave.Startup;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that refuse an enclave which is less safe than it seems, each with its environment variable.</summary>
internal sealed class StartupSwitches
{
    private readonly Option<bool> _refuseDebugMode = new("--refuse-debug-mode");

    public void AddTo(Command command) => command.Add(_refuseDebugMode);

    /// <exception cref="KmsTool.Cli.CommandFailedException">A variable is malformed.</exception>
    public StartupOptions Read(ParseResult parseResult, Func<string, string?> environment) => new()
    {
        RefuseDebugMode = IsSet(_refuseDebugMode, parseResult, environment),
    };

    // Both are looked at, as a malformed variable is an error next to an option, too.
    private static bool IsSet(Option<bool> option, ParseResult parseResult, Func<string, string?> environment) =>
        PinVariables.ReadSwitch(environment, option.Name) | parseResult.GetValue(option);
}
