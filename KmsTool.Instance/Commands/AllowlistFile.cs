using System.Net;
using KmsTool.Cli;
using KmsTool.Instance.VsockProxy;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>The allowlist that <c>vsock-proxy</c> starts with: that of <c>--config</c>, or the AWS program's.</summary>
internal static class AllowlistFile
{
    public const string DefaultPath = "/etc/nitro_enclaves/vsock-proxy.yaml";

    /// <param name="path">The file, if one was named.</param>
    /// <param name="required">Whether there must be one.</param>
    /// <returns><see langword="null"/> when none was named, none is there and none is required.</returns>
    /// <exception cref="CommandFailedException">It cannot be used.</exception>
    public static Allowlist? Read(string? path, bool required)
    {
        try
        {
            return AllowlistReader.Read(path ?? DefaultPath);
        }
        catch (AllowlistException e)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The allowlist cannot be used: {e.Message}", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (path is null && !required)
                return null;

            string advice = path is null ? "write it or name another with --config" : "--config names a file that must exist";
            throw new CommandFailedException(ExitCode.WrongUsage, $"The allowlist {path ?? DefaultPath} does not exist; {advice}", e);
        }
    }

    /// <inheritdoc cref="Allowlist.AdmitAsync"/>
    /// <exception cref="CommandFailedException">The destination is not listed.</exception>
    public static async Task<ProxyOptions> AdmitAsync(
        Allowlist allowlist, ProxyOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            ProxyOptions admitted = await allowlist.AdmitAsync(options, Dns.GetHostAddressesAsync, cancellationToken);
            Log.DestinationAllowed(logger, options.Destination.ToString(), allowlist.Path);
            return admitted;
        }
        catch (AllowlistException e)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The destination is refused: {e.Message}", e);
        }
    }
}
