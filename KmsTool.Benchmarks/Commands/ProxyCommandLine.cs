using System.CommandLine;
using System.CommandLine.Parsing;
using KmsTool.Benchmarks.Proxy;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Commands;

/// <summary>The arguments of <c>proxy</c>.</summary>
internal sealed class ProxyCommandLine
{
    public const string Name = "proxy";

    private readonly Option<string> _programs = new("--programs") { DefaultValueFactory = _ => "artifacts/bin/linux-x64" };
    private readonly Option<bool> _quick = new("--quick");
    private readonly Option<ProxyPart[]> _only = new("--only") { CustomParser = ParseParts };
    private readonly Option<int> _rounds = CommonOptions.Number("--rounds", byDefault: 5, atLeast: 1, atMost: 1000);
    private readonly Option<TimeSpan> _duration = CommonOptions.Seconds("--duration", byDefault: 2, atLeast: 0.1);
    private readonly Option<KeyValuePair<string, string>[]> _proxyEnvironment = EnvironmentOption.Create("--proxy-env");
    private readonly Argument<string[]> _proxyArguments = new("PROXY-ARGUMENTS") { Arity = ArgumentArity.ZeroOrMore };

    public Command CreateCommand()
    {
        var command = new Command(Name) { _programs, _quick, _only, _rounds, _duration, _proxyEnvironment, _proxyArguments };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            ProxyReport report = await new ProxyRun(Read(parseResult)).RunAsync(cancellationToken);
            await Console.Out.WriteAsync(report.ToString());
            return (int)ExitCode.Success;
        });
        return command;
    }

    private ProxyOptions Read(ParseResult parseResult)
    {
        ProxyPart[] only = parseResult.GetValue(_only) ?? [];
        var options = new ProxyOptions
        {
            ProgramDirectory = parseResult.GetRequiredValue(_programs),
            Parts = new HashSet<ProxyPart>(only.Length > 0 ? only : Enum.GetValues<ProxyPart>()),
            Rounds = parseResult.GetValue(_rounds),
            Duration = parseResult.GetValue(_duration),
            IdleConnections = 1000,
            ManyIdleConnections = 10_000,
            ProxyEnvironment = new Dictionary<string, string>(parseResult.GetValue(_proxyEnvironment) ?? []),
            ProxyArguments = parseResult.GetValue(_proxyArguments) ?? [],
        };
        return parseResult.GetValue(_quick)
            ? options with { Rounds = 1, Duration = TimeSpan.FromSeconds(0.3), IdleConnections = 100, ManyIdleConnections = 1000 }
            : options;
    }

    private static ProxyPart[] ParseParts(ArgumentResult result)
    {
        var parts = new List<ProxyPart>();
        foreach (Token token in result.Tokens)
        {
            if (Enum.GetValues<ProxyPart>().Where(part => NameOf(part) == token.Value).ToArray() is [var part])
            {
                parts.Add(part);
            }
            else
            {
                result.AddError($"--only '{token.Value}' is none of {string.Join(", ", Enum.GetValues<ProxyPart>().Select(NameOf))}.");
            }
        }

        return [.. parts];
    }

    private static string NameOf(ProxyPart part) => part.ToString().ToLowerInvariant();
}
