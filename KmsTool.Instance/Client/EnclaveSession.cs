using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>
/// A connection on which commands find credentials that have not expired: they are sent again before they do, and once
/// more where KMS says that they have. For many commands at once.
/// </summary>
/// <param name="connection">Owned from here on.</param>
/// <param name="credentials">Shared with other sessions.</param>
/// <param name="region">The region that the enclave is to use, if any.</param>
internal sealed class EnclaveSession(EnclaveConnection connection, FreshCredentials credentials, SessionRegion? region) : IAsyncDisposable
{
    private const string ExpiredToken = "ExpiredTokenException";

    private readonly SemaphoreSlim _preparing = new(1);
    private int _sent;
    private SessionRegion? _region = region;

    /// <summary>Has a command carried out; the caller owns the reply.</summary>
    /// <exception cref="EnclaveException">The enclave or KMS refused the command, or the connection failed.</exception>
    /// <exception cref="SessionFailedException">The enclave refused the credentials, or the region.</exception>
    public async Task<TReply> SendAsync<TReply>(KmsCommand command, CancellationToken cancellationToken)
        where TReply : EnclaveResponse
    {
        int used = await PrepareAsync(expired: 0, cancellationToken);
        try
        {
            return await connection.SendAsync<TReply>(command, cancellationToken);
        }
        catch (EnclaveException e) when (e.Code == ExpiredToken)
        {
            await PrepareAsync(expired: used, cancellationToken);
            return await RetryAsync<TReply>(command, cancellationToken);
        }
    }

    /// <summary>Gives the enclave the credentials before a command needs them.</summary>
    /// <exception cref="EnclaveException">The connection failed.</exception>
    /// <exception cref="SessionFailedException">The enclave refused the credentials, or the region.</exception>
    public Task PrepareAsync(CancellationToken cancellationToken) => PrepareAsync(expired: 0, cancellationToken);

    /// <summary>
    /// Asks whether the enclave is kmstool-enclave, which serves many connections at once. The AWS sample serves one: it has a
    /// backlog of one, and writes its responses without protection from SIGPIPE, so a message on a second connection that is
    /// given up could end it. Nothing may be sent there to find out. What tells the two apart is the response to a command
    /// that the sample does not know: kmstool-enclave gives every error a code.
    /// </summary>
    /// <exception cref="EnclaveException">The response is not one to that command; the connection cannot be used any longer.</exception>
    public async Task<bool> ServesManyConnectionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            using DescribeResponse reply = await connection.SendAsync<DescribeResponse>(new DescribeCommand(), cancellationToken);
            return true;
        }
        catch (EnclaveException e) when (e.Failure == EnclaveFailure.Refused)
        {
            return e.Code is not null;
        }
    }

    private async Task SetClientAsync(CancellationToken cancellationToken)
    {
        try
        {
            using SetClientCommand command = credentials.ToSetClient(_region?.Name);
            await connection.SetClientAsync(command, cancellationToken);
        }
        catch (EnclaveException e) when (_region is { GivesWay: true } && IsAboutRegion(e))
        {
            // For good: the AWS sample's enclave does not survive a second such conflict on a connection.
            _region = null;
            await SetClientAsync(cancellationToken);
        }
    }

    private async Task<TReply> RetryAsync<TReply>(KmsCommand command, CancellationToken cancellationToken)
        where TReply : EnclaveResponse
    {
        try
        {
            return await connection.SendAsync<TReply>(command, cancellationToken);
        }
        catch (EnclaveException e) when (e.Code == ExpiredToken)
        {
            // Fresh ones are no better: the next command would be refused, too, and cost two more requests.
            throw new SessionFailedException(e);
        }
    }

    public ValueTask DisposeAsync()
    {
        _preparing.Dispose();
        return connection.DisposeAsync();
    }

    /// <summary>
    /// Whether the enclave refuses a region, as it has one of its own or keys of other regions only. The AWS sample's enclave says
    /// so by its text alone.
    /// </summary>
    private static bool IsAboutRegion(EnclaveException e) =>
        e.Code is ErrorCodes.InvalidRegion or ErrorCodes.PinViolated
        || (e is { Failure: EnclaveFailure.Refused, Code: null } && e.Message.Contains(ErrorTexts.RegionConflict.TrimEnd('.'), StringComparison.Ordinal));

    /// <summary>Sees to it that the enclave has the credentials that are to be used.</summary>
    /// <param name="expired">The ones that are known to have expired; 0 for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Which ones it has.</returns>
    private async Task<int> PrepareAsync(int expired, CancellationToken cancellationToken)
    {
        int current = await credentials.EnsureAsync(expired, cancellationToken);
        if (Volatile.Read(ref _sent) >= current)
        {
            return current;
        }

        await _preparing.WaitAsync(cancellationToken);
        try
        {
            // Newer ones may have been sent in between.
            if (_sent < current)
            {
                await SetClientAsync(cancellationToken);
                Volatile.Write(ref _sent, current);
            }

            return current;
        }
        catch (EnclaveException e) when (e.Failure == EnclaveFailure.Refused)
        {
            // Not one command is refused, but all that would have followed.
            throw new SessionFailedException(e);
        }
        finally
        {
            _preparing.Release();
        }
    }
}

/// <summary>The region that a session asks the enclave for.</summary>
/// <param name="Name">AWS region code.</param>
/// <param name="GivesWay">Whether a region that the enclave has takes precedence: the user has not named this one.</param>
internal sealed record SessionRegion(string Name, bool GivesWay);

/// <summary>
/// The enclave refuses the credentials or the region of a session, so that all of its further commands would fail. The inner exception
/// is the refusal.
/// </summary>
internal sealed class SessionFailedException(EnclaveException refusal) : Exception(refusal.Message, refusal)
{
    public EnclaveException Refusal { get; } = refusal;
}
