using KmsTool.Cli;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Has an enclave carry out one command over a connection of its own.</summary>
internal static class EnclaveCommand
{
    private const string DryRunSucceeded = "DryRunOperationException";

    /// <summary>With credentials, for what KMS does.</summary>
    /// <returns>The reply, which the caller owns; <see langword="null"/> for a dry run, of which there is nothing to print.</returns>
    /// <exception cref="CommandFailedException">It was not carried out.</exception>
    public static async Task<TReply?> RunAsync<TReply>(EnclaveRequest request, KmsCommand command, ILogger logger, CancellationToken cancellationToken)
        where TReply : SuccessReply
    {
        var source = new CredentialSource(request.Credentials!, TimeProvider.System, logger);
        using var credentials = new FreshCredentials(source, TimeProvider.System, logger);
        // Before anybody is connected to: without credentials there is nothing to say there.
        await credentials.EnsureAsync(expired: 0, cancellationToken);
        await using EnclaveSession session = await OpenSessionAsync(request, credentials, logger, cancellationToken);
        try
        {
            TReply reply = await session.SendAsync<TReply>(command, cancellationToken);
            if (command.DryRun != true)
                return reply;

            reply.Dispose();
            throw new CommandFailedException(ExitCode.ProtocolBroken,
                $"The enclave at {request.Address} carried {command.Operation} out, although --dry-run was given: it knows no dry runs, as the original does not. The result is not shown.");
        }
        catch (RefusedException e) when (command.DryRun == true && e.Code == DryRunSucceeded)
        {
            await Console.Error.WriteLineAsync($"Dry run: KMS would carry out {command.Operation}.");
            return null;
        }
    }

    /// <summary>Without credentials, for what the enclave does by itself.</summary>
    /// <returns>The reply, which the caller owns.</returns>
    /// <exception cref="CommandFailedException">It was not carried out.</exception>
    public static async Task<TReply> RunAsync<TReply>(EnclaveRequest request, Command command, ILogger logger, CancellationToken cancellationToken)
        where TReply : SuccessReply
    {
        await using EnclaveClient client = await ConnectAsync(request, logger, cancellationToken);
        return await client.SendAsync<TReply>(command, cancellationToken);
    }

    /// <summary>Connects; the credentials go with the first command.</summary>
    /// <exception cref="CommandFailedException">Nobody answers there.</exception>
    public static async Task<EnclaveSession> OpenSessionAsync(
        EnclaveRequest request, FreshCredentials credentials, ILogger logger, CancellationToken cancellationToken) =>
        new(await ConnectAsync(request, logger, cancellationToken), credentials, request.Region);

    private static Task<EnclaveClient> ConnectAsync(EnclaveRequest request, ILogger logger, CancellationToken cancellationToken) =>
        EnclaveClient.ConnectAsync(request.Address, request.Sockets, request.Timeout, TimeProvider.System, logger, cancellationToken);
}
