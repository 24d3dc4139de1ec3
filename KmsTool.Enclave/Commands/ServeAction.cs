using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Cli;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Nsm;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>Puts the daemon together and runs it until SIGTERM.</summary>
internal static class ServeAction
{
    /// <exception cref="CommandFailedException">It could not start.</exception>
    public static async Task RunAsync(ServeOptions options, CancellationToken stopping)
    {
        using ILoggerFactory loggers = LogOutput.Create(options.LogLevel);
        ILogger logger = loggers.CreateLogger("kmstool-enclave");
        X509Certificate2Collection? trust = options.CaBundle is { } path ? LoadTrust(path) : null;
        await using INsm nsm = OpenNsm(options.Nsm);
        using var recipients = new RecipientSource(nsm, options.Recipient, TimeProvider.System, logger);
        using var channel = new KmsChannel(options.Proxy, trust);
        var kms = new AttestedKmsClient(channel, recipients, TimeProvider.System, logger);
        var clients = new KmsClientFactory(kms, options.Region, options.KmsEndpoint);

        await CheckNsmAsync(nsm, options.Nsm, logger, stopping);
        await using StreamListener listener = Bind(options.Listen);
        var daemon = new EnclaveDaemon(listener, clients, options.Limits, TimeProvider.System, logger);
        Log.Listening(logger, listener.LocalAddress.ToString(), options.Proxy.ToString(), options.Region ?? "of the instance's choice",
            options.KmsEndpoint?.Host ?? "of the region");
        await Console.Out.WriteLineAsync($"ready {listener.LocalAddress}");
        await daemon.RunAsync(stopping);
    }

    private static INsm OpenNsm(string where)
    {
        if (StreamAddress.TryParse(where, out StreamAddress? address, out _))
            return new NsmSocket(address);

        try
        {
            return NsmDevice.Open(where);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoNsm(where, e);
        }
    }

    private static async Task CheckNsmAsync(INsm nsm, string where, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            NsmResponse response = await nsm.SendAsync(new NsmRequest.DescribeNsm(), cancellationToken);
            if (response is not NsmResponse.DescribeNsm found)
                throw new NsmException(NsmErrorCode.InvalidResponse, $"it answered {response}");

            Log.NsmFound(logger, $"{found.VersionMajor}.{found.VersionMinor}.{found.VersionPatch}", found.ModuleId);
        }
        catch (Exception e) when (e is IOException or NsmException)
        {
            throw NoNsm(where, e);
        }
    }

    private static CommandFailedException NoNsm(string where, Exception e) => new(ExitCode.CouldNotConnect,
        $"The Nitro Secure Module at {where} cannot be used: {e.Message}. Run this inside a Nitro enclave, or name a simulator's with --nsm unix:/path.", e);

    private static X509Certificate2Collection LoadTrust(string path)
    {
        var trust = new X509Certificate2Collection();
        try
        {
            trust.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw NoTrust(path, e.Message, e);
        }

        return trust.Count > 0 ? trust : throw NoTrust(path, "it holds no certificate", null);
    }

    private static CommandFailedException NoTrust(string path, string reason, Exception? cause) => new(ExitCode.WrongUsage,
        $"The CA bundle '{path}' cannot be used: {reason}. Name a PEM file with --ca-bundle or AWS_CA_BUNDLE.", cause);

    private static StreamListener Bind(StreamAddress address)
    {
        try
        {
            return StreamListener.Bind(address);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new CommandFailedException(ExitCode.CouldNotConnect,
                $"Could not listen on {address}: {e.Message}. Is another kmstool-enclave running there?", e);
        }
    }
}
