using KmsTool.CommandLine;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Has an enclave carry out one command over a connection of its own.</summary>
internal static class EnclaveAction
{
    private const string DryRunSucceeded = "DryRunOperationException";

    /// <summary>With credentials, for what KMS does.</summary>
    /// <returns>The reply, which the caller owns; <see langword="null"/> for a dry run, of which there is nothing to print.</returns>
    /// <exception cref="CommandFailedException">It was carried out, although it was a dry run.</exception>
    /// <exception cref="EnclaveException">The enclave cannot be reached, or refused.</exception>
    /// <exception cref="SessionFailedException">The enclave refused the credentials.</exception>
    public static async Task<TReply?> RunAsync<TReply>(EnclaveClientSettings request, KmsCommand command, ILogger logger, CancellationToken cancellationToken)
        where TReply : EnclaveResponse
    {
        var source = new CredentialSource(request.Credentials!, TimeProvider.System, logger);
        using var credentials = new FreshCredentials(source, TimeProvider.System, logger, Failures.Explain);
        // Without credentials there is no reason to connect.
        await credentials.EnsureAsync(expired: 0, cancellationToken);
        var waits = new WaitNotice(logger, TimeProvider.System);
        SessionRegion? region = await FindRegionAsync(request, command, source, cancellationToken);
        await using EnclaveSession session = await OpenSessionAsync(request, credentials, region, waits, logger, cancellationToken);
        using IDisposable waiting = waits.Begin(DescribeResponse(request, command));
        try
        {
            TReply reply = await session.SendAsync<TReply>(command, cancellationToken);
            if (command.DryRun != true)
            {
                return reply;
            }

            reply.Dispose();
            throw new CommandFailedException(ExitCode.ProtocolBroken,
                $"The enclave at {request.Address} carried {command.Operation} out, although --dry-run was given: it knows no dry runs, as the original does not. The result is not shown.");
        }
        catch (EnclaveException e) when (command.DryRun == true && e.Code == DryRunSucceeded)
        {
            await Console.Error.WriteLineAsync($"Dry run: KMS would carry out {command.Operation}.");
            return null;
        }
    }

    /// <summary>Without credentials, for what the enclave does by itself.</summary>
    /// <returns>The reply, which the caller owns.</returns>
    /// <exception cref="EnclaveException">The enclave cannot be reached, or refused.</exception>
    public static async Task<TReply> RunAsync<TReply>(EnclaveClientSettings request, EnclaveCommand command, ILogger logger, CancellationToken cancellationToken)
        where TReply : EnclaveResponse
    {
        var waits = new WaitNotice(logger, TimeProvider.System);
        await using EnclaveConnection connection = await ConnectAsync(request, waits, logger, cancellationToken);
        using IDisposable waiting = waits.Begin(DescribeResponse(request, command));
        return await connection.SendAsync<TReply>(command, cancellationToken);
    }

    /// <summary>Connects; the credentials go with the first command.</summary>
    /// <exception cref="EnclaveException">The enclave cannot be reached.</exception>
    public static async Task<EnclaveSession> OpenSessionAsync(
        EnclaveClientSettings request, FreshCredentials credentials, SessionRegion? region, WaitNotice waits, ILogger logger, CancellationToken cancellationToken) =>
        new(await ConnectAsync(request, waits, logger, cancellationToken), credentials, region);

    /// <summary>The region to ask the enclave for: the one that the user names, the key's, or the one that AWS programs find.</summary>
    /// <exception cref="CommandFailedException">What was found is not a region.</exception>
    public static async Task<SessionRegion?> FindRegionAsync(
        EnclaveClientSettings request, KmsCommand command, CredentialSource source, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(request.Region))
        {
            return new SessionRegion(request.Region, GivesWay: false);
        }

        string? found = request.FindsRegion ? ReadRegionOfKey(command) ?? await source.FindRegionAsync(cancellationToken) : null;
        return found is null ? null : new SessionRegion(found, GivesWay: true);
    }

    private static string? ReadRegionOfKey(KmsCommand command)
    {
        string? key = command switch
        {
            DecryptCommand { KeyId: var id } => id,
            GenerateDataKeyCommand { KeyId: var id } => id,
            GenerateDataKeyPairCommand { KeyId: var id } => id,
            DeriveSharedSecretCommand { KeyId: var id } => id,
            _ => null,
        };
        // arn:PARTITION:kms:REGION:ACCOUNT:key/ID
        return key?.Split(':') is ["arn", _, "kms", var region, _, _] && AwsRegion.IsWellFormed(region) ? region : null;
    }

    private static async Task<EnclaveConnection> ConnectAsync(EnclaveClientSettings request, WaitNotice waits, ILogger logger, CancellationToken cancellationToken)
    {
        using IDisposable waiting = waits.Begin($"a connection to the enclave at {request.Address}");
        return await EnclaveConnector.ConnectAsync(request.Address, request.Sockets, request.Timeout, TimeProvider.System, logger, cancellationToken);
    }

    private static string DescribeResponse(EnclaveClientSettings request, EnclaveCommand command) => $"the response of the enclave at {request.Address} to {command.Operation}";
}
