using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Client;

/// <summary>Connects to enclaves and logs the steps of the connections.</summary>
internal static class EnclaveConnector
{
    /// <param name="address">Where the enclave listens.</param>
    /// <param name="sockets">Options of the socket; <see langword="null"/> for the defaults.</param>
    /// <param name="timeout">The longest time for connecting, and for each command with its response.</param>
    /// <param name="time">Measures the timeout.</param>
    /// <param name="logger">Gets the steps, without any content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EnclaveException">The enclave cannot be reached.</exception>
    public static Task<EnclaveConnection> ConnectAsync(
        StreamAddress address, StreamSocketOptions? sockets, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var options = new EnclaveConnectionOptions
        {
            Timeout = timeout,
            VsockBufferSize = sockets?.VsockBufferSize,
            TimeProvider = time,
            Observer = step => LogStep(logger, address, step),
        };
        return EnclaveConnection.ConnectAsync(address, options, cancellationToken);
    }

    private static void LogStep(ILogger logger, StreamAddress address, EnclaveConnectionEvent step)
    {
        switch (step.Step)
        {
            case EnclaveConnectionStep.Connected:
                Log.EnclaveConnected(logger, address.ToString());
                break;
            case EnclaveConnectionStep.CommandSent:
                Log.CommandSent(logger, step.Operation!);
                break;
            case EnclaveConnectionStep.DuplicateSkipped:
                Log.DuplicateReplySkipped(logger);
                break;
            default:
                Log.ReplyReceived(logger, step.Operation!, step.Step == EnclaveConnectionStep.Succeeded ? StatusResponse.Ok : StatusResponse.Error);
                break;
        }
    }
}
