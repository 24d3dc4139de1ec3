using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>The options that choose the credentials of the enclave, the same for every command that talks to one.</summary>
internal sealed class AwsCredentialOptions
{
    private readonly Option<string?> _profile = new("--profile");
    private readonly Option<string?> _roleArn = new("--role-arn");
    private readonly Option<string?> _externalId = new("--external-id");
    private readonly Option<string?> _sessionName = new("--session-name");
    private readonly Option<int> _duration = CommonOptions.Number(
        "--duration", AssumeRoleLimits.DefaultSeconds, AssumeRoleLimits.MinSeconds, AssumeRoleLimits.MaxSeconds);

    public void AddTo(Command command)
    {
        command.Add(_profile);
        command.Add(_roleArn);
        command.Add(_externalId);
        command.Add(_sessionName);
        command.Add(_duration);
    }

    /// <param name="parseResult">The command line.</param>
    /// <param name="region">The region that the user named.</param>
    /// <param name="timeout">Bounds each step.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <exception cref="CommandFailedException">The options contradict each other, or a value makes no sense.</exception>
    public AwsCredentialSettings Bind(ParseResult parseResult, string? region, TimeSpan timeout, Func<string, string?> environment)
    {
        if (region is not null && !AwsRegion.IsWellFormed(region))
        {
            throw UsageError($"--region '{region}' is not an AWS region; an example is eu-central-1.");
        }

        string? profile = parseResult.GetValue(_profile);
        string? roleArn = parseResult.GetValue(_roleArn);
        string? externalId = parseResult.GetValue(_externalId);
        string? sessionName = parseResult.GetValue(_sessionName);
        bool hasDuration = parseResult.GetResult(_duration) is { Implicit: false };
        if (profile is not null && string.IsNullOrWhiteSpace(profile))
        {
            throw UsageError("--profile must name a profile.");
        }

        if (roleArn is null && (externalId is not null || sessionName is not null || hasDuration))
        {
            throw UsageError("--external-id, --session-name and --duration go with --role-arn.");
        }

        if (roleArn is { Length: < AssumeRoleLimits.MinRoleArnLength or > AssumeRoleLimits.MaxRoleArnLength })
        {
            throw UsageError($"--role-arn must have {AssumeRoleLimits.MinRoleArnLength} to {AssumeRoleLimits.MaxRoleArnLength} characters; an example is arn:aws:iam::111122223333:role/enclave.");
        }

        if (externalId is not null && !AssumeRoleLimits.IsExternalId(externalId))
        {
            throw UsageError("--external-id must have 2 to 1224 characters: ASCII letters, digits and any of _+=,.@:/-.");
        }

        if (sessionName is not null && !AssumeRoleLimits.IsSessionName(sessionName))
        {
            throw UsageError("--session-name must have 2 to 64 characters: ASCII letters, digits and any of _+=,.@-.");
        }

        return new AwsCredentialSettings
        {
            Profile = profile,
            RoleArn = roleArn,
            ExternalId = externalId,
            SessionName = sessionName,
            Duration = hasDuration ? TimeSpan.FromSeconds(parseResult.GetValue(_duration)) : null,
            Region = region,
            CaBundle = environment("AWS_CA_BUNDLE") is { Length: > 0 } bundle ? bundle : null,
            Timeout = timeout,
        };
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
