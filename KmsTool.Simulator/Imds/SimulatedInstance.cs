using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Imds;

/// <summary>The parent instance that the simulator plays.</summary>
internal static class SimulatedInstance
{
    public const string Id = "i-0123456789abcdef0";

    public const string ImageId = "ami-0123456789abcdef0";

    public const string Type = "m6i.xlarge";

    public const string EnclaveId = "enc0123456789abcdef";

    public static string GetAvailabilityZone(AwsAccount account) => account.Region + "a";
}

/// <summary>The role of the instance, and the credentials it has at the moment.</summary>
internal sealed class InstanceRole(
    AwsAccount account, string name, string sessionName, TimeSpan credentialLifetime, IssuedCredentials credentials, TimeProvider timeProvider)
{
    /// <summary>New credentials appear at least five minutes before the old ones expire (EC2 user guide).</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(5);

    private readonly AwsPrincipal _principal = AwsPrincipal.RoleSession(account, name, sessionName);
    private readonly Lock _lock = new();
    private AwsCredential? _current;

    public string Name { get; } = name;

    public string Arn => _principal.PrincipalArn;

    /// <summary>The credentials, renewed in time; the old ones go on working until they expire.</summary>
    public AwsCredential CurrentCredential()
    {
        // Lifetimes of minutes or seconds, which tests ask for, are used for three quarters.
        TimeSpan renewBefore = credentialLifetime / 4 < RenewBefore ? credentialLifetime / 4 : RenewBefore;
        lock (_lock)
        {
            if (_current is null || _current.Expiration - renewBefore <= timeProvider.GetUtcNow())
            {
                _current = credentials.IssueTemporary(_principal, credentialLifetime);
            }

            return _current;
        }
    }
}
