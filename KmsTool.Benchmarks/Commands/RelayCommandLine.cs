using System.CommandLine;
using KmsTool.Benchmarks.Proxy;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary><c>relay</c>, which <c>proxy</c> starts to compare with; not for people.</summary>
internal static class RelayCommandLine
{
    public const string Name = "relay";

    public static Command CreateCommand()
    {
        var path = new Argument<string>("PATH");
        var port = new Argument<int>("PORT");
        var command = new Command(Name) { path, port };
        command.Hidden = true;
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            // Its threads do not end before the process does.
            MinimalRelay.Start(parseResult.GetRequiredValue(path), parseResult.GetValue(port));
            await Console.Out.WriteLineAsync("ready");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return (int)ExitCode.Success;
        });
        return command;
    }
}
