using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>
/// Carries out SetClient: decides on region and endpoint, and proves that KMS can be reached there.
/// </summary>
/// <param name="kms">The channel that all connections share.</param>
/// <param name="region">The region that this enclave is pinned to; <see langword="null"/> lets the instance choose.</param>
/// <param name="endpointHost">The endpoint that this enclave is pinned to; <see langword="null"/> for the region's own.</param>
internal sealed class KmsClientFactory(AttestedKmsClient kms, string? region, (string Host, int Port)? endpointHost)
{
    /// <summary>Makes the connection's client; the command's secrets stay with the caller.</summary>
    /// <exception cref="CommandException">With the reply to send.</exception>
    public async Task<KmsClient> CreateAsync(SetClientCommand command, CancellationToken cancellationToken)
    {
        KmsEndpoint endpoint = ChooseEndpoint(command.AwsRegion);
        try
        {
            await kms.ProveRouteAsync(endpoint, cancellationToken);
        }
        catch (KmsException e)
        {
            throw new CommandException($"{ErrorTexts.NoClient}: {e.Code}: {e.Message}", e.Code);
        }

        return new KmsClient(kms, endpoint, KmsCredentials.CopyOf(command));
    }

    private KmsEndpoint ChooseEndpoint(string? asked)
    {
        if (region is not null && asked is not null)
            throw RegionError($"The enclave is pinned to {region}; name no region here");

        string chosen = region ?? asked ?? KmsEndpoint.DefaultRegion;
        if (!AwsRegion.IsWellFormed(chosen))
            throw RegionError("AwsRegion is no region code");

        return endpointHost is { } host
            ? new KmsEndpoint(host.Host, host.Port, chosen)
            : KmsEndpoint.ForRegion(chosen) ?? throw RegionError($"No partition has a region {chosen}");
    }

    private static CommandException RegionError(string reason) =>
        new($"{ErrorTexts.RegionConflict} {reason}", ErrorCodes.InvalidRegion);
}
