using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>The attested way to KMS with all it stands on, put together from settings; every command uses it.</summary>
internal sealed class AttestedKms : IAsyncDisposable
{
    private readonly RecipientSource _recipients;
    private readonly KmsChannel _channel;

    private AttestedKms(INsm nsm, KmsSettings settings, TrustAnchors trust, TimeProvider time, ILogger logger)
    {
        Nsm = nsm;
        _recipients = new RecipientSource(nsm, settings.Recipient, time, logger);
        _channel = new KmsChannel(settings.Parent, trust);
        Client = new AttestedKmsClient(_channel, _recipients, settings.Pins, time, logger);
    }

    public INsm Nsm { get; }

    public AttestedKmsClient Client { get; }

    /// <summary>Finds the Nitro Secure Module and the trust anchors and prepares the enclave; KMS is not contacted.</summary>
    /// <param name="settings">Where all is, and what is checked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostingException">The Nitro Secure Module or the trust anchors cannot be used.</exception>
    /// <exception cref="StartupException">A setting refuses what was found of the enclave.</exception>
    public static async Task<AttestedKms> OpenAsync(KmsSettings settings, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        TrustAnchors trust = ReadTrust(settings.CaBundle);
        INsm nsm = OpenNsm(settings.Nsm, settings.Sockets);
        try
        {
            NsmResponse.DescribeNsm found = await nsm.AskAsync<NsmResponse.DescribeNsm>(new NsmRequest.DescribeNsm(), cancellationToken);
            Log.NsmFound(logger, $"{found.VersionMajor}.{found.VersionMinor}.{found.VersionPatch}", found.ModuleId);
            await new EnclaveStartup(nsm, settings.Startup, time, logger).RunAsync(cancellationToken);
            return new AttestedKms(nsm, settings, trust, time, logger);
        }
        catch (Exception e)
        {
            await nsm.DisposeAsync();
            if (e is IOException or NsmException)
            {
                throw NoNsm(settings.Nsm, e);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _recipients.Dispose();
        await Nsm.DisposeAsync();
    }

    private static INsm OpenNsm(string where, StreamSocketOptions sockets)
    {
        if (StreamAddress.TryParse(where, out StreamAddress? address, out _))
        {
            return new NsmSocket(address, sockets);
        }

        try
        {
            return NsmDevice.Open(where);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoNsm(where, e);
        }
    }

    private static HostingException NoNsm(string where, Exception e) =>
        new(HostingFailure.NsmUnusable, $"The Nitro Secure Module at {where} cannot be used: {e.Message}", e);

    private static TrustAnchors ReadTrust(string path)
    {
        try
        {
            return TrustAnchors.Read(path);
        }
        catch (IOException e)
        {
            throw new HostingException(HostingFailure.CaBundleUnusable, $"The CA bundle '{path}' cannot be used: {e.Message}", e);
        }
    }
}
