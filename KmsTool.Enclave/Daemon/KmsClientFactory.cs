using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>
/// Carries out SetClient: decides on region and endpoint, and proves that KMS can be reached there.
/// </summary>
/// <param name="kms">The channel that all connections share.</param>
/// <param name="replies">Words the clients' answers.</param>
/// <param name="pins">Say of which regions keys may be.</param>
/// <param name="region">The region that this enclave is pinned to; <see langword="null"/> lets the instance choose.</param>
/// <param name="endpoints">Where KMS of a region is.</param>
internal sealed class KmsClientFactory(AttestedKmsClient kms, KmsReplies replies, KmsPins pins, string? region, KmsEndpoints endpoints)
{
    /// <summary>Whether no call to KMS is in progress, whether for this daemon or for the KMS proxy.</summary>
    public bool IsIdle => kms.IsIdle;

    /// <summary>Makes the connection's client; the command's secrets stay with the caller.</summary>
    /// <exception cref="CommandException">The region is refused.</exception>
    /// <exception cref="KmsException">A pin forbids the region, or there is no route to KMS, or it is not KMS.</exception>
    public async Task<KmsClient> CreateAsync(SetClientCommand command, CancellationToken cancellationToken)
    {
        KmsEndpoint endpoint = ChooseEndpoint(command.AwsRegion);
        await kms.ProveRouteAsync(endpoint, cancellationToken);
        return new KmsClient(kms, replies, endpoint, KmsCredentials.CopyOf(command));
    }

    private KmsEndpoint ChooseEndpoint(string? asked)
    {
        if (region is not null && asked is not null)
        {
            throw RegionError($"The enclave is pinned by --region (or REGION) to {region}; name no region here");
        }

        string chosen = region ?? asked ?? pins.KeyRegion ?? KmsEndpoint.DefaultRegion;
        if (!AwsRegion.IsWellFormed(chosen))
        {
            throw RegionError("AwsRegion is not a region code");
        }

        pins.CheckRegion(chosen);

        return endpoints.ForRegion(chosen) ?? throw RegionError($"No partition has a region {chosen}");
    }

    private static CommandException RegionError(string reason) =>
        new($"{ErrorTexts.RegionConflict} {reason}", ErrorCodes.InvalidRegion);
}

/// <summary>What SetClient gives a connection: credentials and an endpoint. Clears the credentials when disposed.</summary>
internal sealed class KmsClient(AttestedKmsClient kms, KmsReplies replies, KmsEndpoint endpoint, KmsCredentials credentials) : IDisposable
{
    /// <summary>Has KMS carry out the command.</summary>
    /// <returns>The reply, which the caller owns.</returns>
    /// <exception cref="KmsException">A pin or KMS refused, KMS was not reached, or its answer cannot be accepted.</exception>
    public async Task<EnclaveResponse> ExecuteAsync(KmsCommand command, CancellationToken cancellationToken)
    {
        using KmsAnswer answer = await kms.SendAsync(CommandRequest.Of(command), endpoint, credentials, cancellationToken);
        return answer switch
        {
            KmsAnswer.Opened opened => replies.Make(command, opened),
            KmsAnswer.Refused refused => throw new KmsException(refused.Code, refused.Message),
            _ => throw new InvalidOperationException("Commands are about secrets, which are opened."),
        };
    }

    public void Dispose() => credentials.Dispose();
}
