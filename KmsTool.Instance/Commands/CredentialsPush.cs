using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Sends an enclave the credentials of its KMS proxy, once or again and again.</summary>
internal sealed partial class CredentialsPush(EnclaveClientSettings request, FreshCredentials credentials, TimeProvider time, ILogger logger)
{
    private readonly WaitNotice _waits = new(logger, time);

    /// <summary>Sends them once.</summary>
    /// <returns>Which ones, see <see cref="FreshCredentials.EnsureAsync"/>.</returns>
    /// <exception cref="CredentialException">There are none.</exception>
    /// <exception cref="EnclaveException">The enclave did not take them.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        int number = await credentials.EnsureAsync(expired: 0, cancellationToken);
        using IDisposable waiting = _waits.Begin($"the enclave at {request.Address}");
        // A connection for each: one that is kept would say nothing of an enclave that has been started anew.
        await using EnclaveConnection connection = await EnclaveConnector.ConnectAsync(
            request.Address, request.Sockets, request.Timeout, time, logger, cancellationToken);
        using PushCredentialsCommand command = credentials.ToPush();
        await connection.PushCredentialsAsync(command, cancellationToken);
        return number;
    }

    /// <summary>
    /// Sends them every <paramref name="interval"/>, fresh ones before the old ones expire, so that an enclave that was started
    /// anew has some soon; until the token is cancelled. What fails is tried again with the next.
    /// </summary>
    public async Task WatchAsync(TimeSpan interval, ServiceNotifier notifier, CancellationToken cancellationToken)
    {
        int sent = 0;
        bool wasReady = false;
        string? failure = null;
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
            {
                try
                {
                    int number = await RunAsync(cancellationToken);
                    if (number != sent || failure is not null)
                    {
                        Log.CredentialsPushed(logger, request.Address.ToString());
                    }

                    (sent, failure) = (number, null);
                    if (!wasReady)
                    {
                        wasReady = true;
                        notifier.Ready($"credentials sent to {request.Address}");
                        await Console.Out.WriteLineAsync($"ready {request.Address}");
                    }
                }
                catch (Exception e) when (Failures.Describe(e) is { } failed)
                {
                    // Once for each reason, however long it lasts.
                    if (failed.Message != failure)
                    {
                        Log.CredentialsNotPushed(logger, interval.TotalSeconds, TerminalText.Neutralize(failed.Message));
                    }

                    failure = failed.Message;
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            notifier.Stopping();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(50, LogLevel.Information, "credentials sent to the enclave at {Address}")]
        public static partial void CredentialsPushed(ILogger logger, string address);

        [LoggerMessage(51, LogLevel.Warning, "credentials not sent, next try within {Seconds} s: {Reason}")]
        public static partial void CredentialsNotPushed(ILogger logger, double seconds, string reason);
    }
}
