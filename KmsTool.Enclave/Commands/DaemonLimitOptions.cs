using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Daemon;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that bound what peers of the daemon may take, but for the time of a request.</summary>
/// <param name="maxConnectionsName">The name of the option for the number of connections.</param>
internal sealed class DaemonLimitOptions(string maxConnectionsName)
{
    private static readonly DaemonLimits Defaults = new();

    private readonly Option<int> _maxMessageSize =
        CommonOptions.Number("--max-message-size", Defaults.MaxMessageLength, atLeast: 1024, atMost: 16 * 1024 * 1024);

    private readonly Option<int> _messageBudget =
        CommonOptions.Number("--message-budget", Defaults.MessageBudget, atLeast: 1024, atMost: int.MaxValue);

    private readonly Option<int> _maxConnections =
        CommonOptions.Number(maxConnectionsName, Defaults.MaxConnections, atLeast: 1, atMost: 1_000_000);

    private readonly Option<int> _maxPending = CommonOptions.Number("--max-pending", Defaults.MaxPending, atLeast: 1, atMost: 1024);
    private readonly Option<TimeSpan> _idleTimeout = CommonOptions.Seconds("--idle-timeout", Defaults.IdleTimeout.TotalSeconds);
    private readonly Option<TimeSpan> _sendTimeout = CommonOptions.Seconds("--send-timeout", Defaults.SendTimeout.TotalSeconds);
    private readonly Option<TimeSpan> _drainTimeout = CommonOptions.Seconds("--drain-timeout", Defaults.DrainTimeout.TotalSeconds, atLeast: 0);

    private IReadOnlyList<Option> All => [_maxMessageSize, _messageBudget, _maxConnections, _maxPending, _idleTimeout, _sendTimeout, _drainTimeout];

    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandFailedException">The budget has no room for one message.</exception>
    public DaemonLimits Bind(ParseResult parseResult, TimeSpan requestTimeout)
    {
        var limits = new DaemonLimits
        {
            MaxMessageLength = parseResult.GetValue(_maxMessageSize),
            MessageBudget = parseResult.GetValue(_messageBudget),
            MaxConnections = parseResult.GetValue(_maxConnections),
            MaxPending = parseResult.GetValue(_maxPending),
            IdleTimeout = parseResult.GetValue(_idleTimeout),
            RequestTimeout = requestTimeout,
            SendTimeout = parseResult.GetValue(_sendTimeout),
            DrainTimeout = parseResult.GetValue(_drainTimeout),
        };
        long least = MessageBudget.MinTotal(limits.MaxMessageLength);
        return limits.MessageBudget >= least ? limits : throw new CommandFailedException(ExitCode.WrongUsage,
            $"{_messageBudget.Name} {limits.MessageBudget} has no room for a message of {limits.MaxMessageLength} bytes ({_maxMessageSize.Name}) and its reply; use at least {least}");
    }

    /// <exception cref="CommandFailedException">One of them is given without --daemon.</exception>
    public void RefuseWithoutDaemon(ParseResult parseResult)
    {
        if (All.FirstOrDefault(option => parseResult.GetResult(option) is { Implicit: false }) is { } given)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{given.Name} is a limit of the daemon. Add --daemon ADDRESS, or omit it");
        }
    }
}
