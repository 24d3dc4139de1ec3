using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary>The options of a batch.</summary>
internal sealed class BatchArguments
{
    private readonly Option<string?> _batch = new("--batch");
    private readonly Option<int> _connections =
        CommonOptions.Number("--connections", BatchOptions.DefaultConnections, atLeast: 1, BatchOptions.MaxConnections);
    private readonly Option<bool> _continueOnError = new("--continue-on-error");

    public void AddTo(Command command)
    {
        command.Add(_batch);
        command.Add(_connections);
        command.Add(_continueOnError);
    }

    /// <summary>Whether a batch is asked for.</summary>
    public bool IsGiven(ParseResult parseResult) => parseResult.GetValue(_batch) is not null;

    /// <exception cref="CommandFailedException">An option is there that only a batch has.</exception>
    public void CheckAbsent(ParseResult parseResult)
    {
        foreach (Option option in (Option[])[_connections, _continueOnError])
        {
            if (parseResult.GetResult(option) is { Implicit: false })
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"{option.Name} goes with --batch only.");
            }
        }
    }

    public BatchOptions Bind(ParseResult parseResult, BatchFormat format) => new()
    {
        Path = parseResult.GetRequiredValue(_batch)!,
        Connections = parseResult.GetValue(_connections),
        ContinueOnError = parseResult.GetValue(_continueOnError),
        Format = format,
    };
}
