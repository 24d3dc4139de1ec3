using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Sts;

/// <summary>
/// AssumeRole: every principal of the account may assume any role of the account, since the simulator has no trust
/// policies; what the role may do is for key policies to say.
/// </summary>
internal sealed partial class AssumeRoleAction(AwsAccount account, IssuedCredentials credentials)
{
    private const int DefaultSeconds = 3600;
    private const int MinSeconds = 900;
    private const int MaxSeconds = 43_200;

    /// <summary>A role that assumes a role gets an hour at most (IAM user guide, "Role chaining").</summary>
    private const int MaxChainedSeconds = 3600;

    /// <exception cref="StsException">A parameter is not valid.</exception>
    public Action<XmlWriter> Execute(AwsPrincipal principal, StsParameters parameters)
    {
        string roleName = ReadRoleName(principal, parameters.ReadRequired("RoleArn"));
        string sessionName = parameters.ReadRequired("RoleSessionName");
        if (!SessionName().IsMatch(sessionName))
        {
            throw StsException.Validation("RoleSessionName must be 2 to 64 letters, digits or characters of +=,.@_-");
        }

        int seconds = parameters.ReadInteger("DurationSeconds", DefaultSeconds, MinSeconds, MaxSeconds);
        if (seconds > MaxChainedSeconds && !principal.IsAdministrator)
        {
            throw StsException.Validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
        }

        if (parameters.ReadOptional("ExternalId") is { } externalId && !ExternalId().IsMatch(externalId))
        {
            throw StsException.Validation("ExternalId must be 2 to 1224 letters, digits or characters of +=,.@:/_-");
        }

        var session = AwsPrincipal.RoleSession(account, roleName, sessionName);
        AwsCredential credential = Issue(session, TimeSpan.FromSeconds(seconds));
        return xml => Write(xml, credential);
    }

    private string ReadRoleName(AwsPrincipal principal, string roleArn)
    {
        Match match = RoleArn().Match(roleArn);
        if (!match.Success)
        {
            throw StsException.Validation("RoleArn must be arn:aws:iam::<account>:role/<name>");
        }

        if (match.Groups["account"].Value != account.Id)
        {
            throw new StsException(
                "AccessDenied", $"User: {principal.Arn} is not authorized to perform: sts:AssumeRole on resource: {roleArn}", 403);
        }

        return match.Groups["name"].Value;
    }

    private AwsCredential Issue(AwsPrincipal session, TimeSpan lifetime)
    {
        try
        {
            return credentials.IssueTemporary(session, lifetime);
        }
        catch (CredentialCapacityException e)
        {
            throw new StsException("Throttling", e.Message);
        }
    }

    private static void Write(XmlWriter xml, AwsCredential credential)
    {
        xml.WriteStartElement("AssumedRoleUser");
        xml.WriteElementString("AssumedRoleId", credential.Principal.UserId);
        xml.WriteElementString("Arn", credential.Principal.Arn);
        xml.WriteEndElement();
        xml.WriteStartElement("Credentials");
        xml.WriteElementString("AccessKeyId", credential.AccessKeyId);
        xml.WriteElementString("SecretAccessKey", credential.SecretAccessKey);
        xml.WriteElementString("SessionToken", credential.SessionToken);
        xml.WriteElementString(
            "Expiration", credential.Expiration!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        xml.WriteEndElement();
    }

    [GeneratedRegex(@"\Aarn:aws[a-z-]*:iam::(?<account>[0-9]{12}):role/(?<name>[\w+=,.@-]{1,64})\z", RegexOptions.ECMAScript)]
    private static partial Regex RoleArn();

    [GeneratedRegex(@"\A[\w+=,.@-]{2,64}\z", RegexOptions.ECMAScript)]
    private static partial Regex SessionName();

    [GeneratedRegex(@"\A[\w+=,.@:/-]{2,1224}\z", RegexOptions.ECMAScript)]
    private static partial Regex ExternalId();
}
