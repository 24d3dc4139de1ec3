using KmsTool.Instance.Client;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.Batch;

/// <summary>The connections of a batch.</summary>
/// <param name="Address">Where they lead.</param>
/// <param name="First">Is open; closing it stays with the caller.</param>
/// <param name="Others">How many more to open.</param>
/// <param name="OpenAsync">Opens one of them.</param>
internal sealed record BatchSessions(
    StreamAddress Address, EnclaveSession First, int Others, Func<CancellationToken, Task<EnclaveSession>> OpenAsync)
{
    /// <summary>The highest number of connections.</summary>
    public const int MaxConnections = 64;

    /// <summary>How many connections a batch has unless told otherwise.</summary>
    public const int DefaultConnections = 4;

    /// <summary>Whether there is only one connection because the enclave serves no more at a time.</summary>
    public bool IsServedSingly { get; private init; }

    /// <summary>
    /// Opens the first connection. Its first response shows whether the enclave serves one connection at a time; if so, the
    /// others are omitted.
    /// </summary>
    /// <param name="address">Where the enclave listens.</param>
    /// <param name="connections">How many connections are wanted.</param>
    /// <param name="openAsync">Opens one of them.</param>
    /// <param name="waits">Learns of a long wait for the response.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EnclaveException">The enclave cannot be reached, or does not respond.</exception>
    public static async Task<BatchSessions> BeginAsync(
        StreamAddress address,
        int connections,
        Func<CancellationToken, Task<EnclaveSession>> openAsync,
        WaitNotice waits,
        CancellationToken cancellationToken)
    {
        EnclaveSession first = await openAsync(cancellationToken);
        if (connections == 1)
        {
            return new BatchSessions(address, first, 0, openAsync);
        }

        try
        {
            using IDisposable waiting = waits.Begin($"the response of the enclave at {address} to {DescribeCommand.Name}");
            if (await first.ServesManyConnectionsAsync(cancellationToken))
            {
                return new BatchSessions(address, first, connections - 1, openAsync);
            }
        }
        catch (EnclaveException e) when (e.Failure != EnclaveFailure.TimedOut)
        {
            // Another kind of enclave: its next response could be taken for that to another command.
            await first.DisposeAsync();
            first = await openAsync(cancellationToken);
        }
        catch
        {
            await first.DisposeAsync();
            throw;
        }

        return new BatchSessions(address, first, 0, openAsync) { IsServedSingly = true };
    }

    /// <summary>Whether an exception concerns one command, which the enclave or KMS refused; the connection stays usable.</summary>
    /// <param name="exception">What a session threw.</param>
    /// <param name="code">The machine-readable name of the error, if it has one.</param>
    public static bool IsRefusal(Exception exception, out string? code)
    {
        code = (exception as EnclaveException)?.Code;
        return exception is EnclaveException { Failure: EnclaveFailure.Refused };
    }
}
