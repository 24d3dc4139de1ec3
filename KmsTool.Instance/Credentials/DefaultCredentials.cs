using System.Diagnostics.CodeAnalysis;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.SecurityToken;
using KmsTool.Cli;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Credentials;

/// <summary>
/// Finds credentials along the AWS default chain: environment, web identity, profile, container, instance role (IMDSv2).
/// </summary>
internal static class DefaultCredentials
{
    // The SDK alone would wait over 15 s for an instance metadata service that does not answer.
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(10);

    // The SDK looks the STS client up by reflection, for profiles and web identities that assume a role. (Its registry for
    // trimmed programs is no way: a client made there does not get the credentials to assume the role with.)
    /// <param name="timeout">Bounds the search, which takes 10 s at most.</param>
    /// <param name="logger">Learns which provider had some, never what.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="CommandFailedException">There are none.</exception>
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceConfig))]
    public static async Task<ImmutableCredentials> ResolveAsync(
        TimeSpan timeout, ILogger logger, CancellationToken cancellationToken)
    {
        timeout = timeout < MaxTimeout ? timeout : MaxTimeout;
        try
        {
            // The chain blocks its thread in places and minds the token only in others: it is left behind when time is up.
            ImmutableCredentials credentials = await Task.Run(() => ResolveChainAsync(logger, cancellationToken), cancellationToken)
                .WaitAsync(timeout, cancellationToken);
            return string.IsNullOrEmpty(credentials.AccessKey) || string.IsNullOrEmpty(credentials.SecretKey)
                ? throw NotFound("what was found is incomplete", null)
                : credentials;
        }
        catch (TimeoutException e)
        {
            throw NotFound($"nothing answered within {timeout.TotalSeconds:0.###} s", e);
        }
        catch (Exception e) when (e is not (OperationCanceledException or CommandFailedException))
        {
            // The text stays unprinted: for a malformed credentials file it quotes the line, which may hold the secret.
            Log.NoCredentials(logger, e.GetType().Name);
            throw NotFound($"neither the environment, {Profile()}, a container nor the instance's role gives any", e);
        }
    }

    private static async Task<ImmutableCredentials> ResolveChainAsync(ILogger logger, CancellationToken cancellationToken)
    {
        using var resolver = new DefaultAWSCredentialsIdentityResolver();
        AWSCredentials found = await resolver.ResolveIdentityAsync(null, cancellationToken);
        ImmutableCredentials credentials = await found.GetCredentialsAsync();
        Log.CredentialsFound(logger, found.GetType().Name);
        return credentials;
    }

    private static string Profile() =>
        Environment.GetEnvironmentVariable("AWS_PROFILE") is { Length: > 0 } name ? $"the profile '{name}'" : "the default profile";

    private static CommandFailedException NotFound(string reason, Exception? innerException)
    {
        bool disabled = string.Equals(
            Environment.GetEnvironmentVariable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        string advice = disabled
            ? "AWS_EC2_METADATA_DISABLED=true keeps the instance's role from being asked"
            : "attach an IAM role to the instance (instance profile); in a container use the host's network, or set the instance's metadata hop limit to 2";
        return new CommandFailedException(ExitCode.NoCredentials, $"Could not get credentials: {reason}; {advice}.", innerException);
    }
}
