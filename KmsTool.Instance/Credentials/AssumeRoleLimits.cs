using System.Text.RegularExpressions;

namespace KmsTool.Instance.Credentials;

/// <summary>What STS takes for AssumeRole (API reference of AWS STS, AssumeRole, request parameters).</summary>
internal static partial class AssumeRoleLimits
{
    public const int MinRoleArnLength = 20;

    public const int MaxRoleArnLength = 2048;

    public const int MinSeconds = 900;

    public const int MaxSeconds = 43200;

    public const int DefaultSeconds = 3600;

    private const int MaxSessionNameLength = 64;

    public static bool IsSessionName(string text) => SessionName().IsMatch(text);

    public static bool IsExternalId(string text) => ExternalId().IsMatch(text);

    /// <summary>A session name that tells in CloudTrail which host it was.</summary>
    public static string SessionNameOf(string host)
    {
        string name = "kmstool-instance-" + NotInSessionName().Replace(host, "-");
        return name.Length > MaxSessionNameLength ? name[..MaxSessionNameLength] : name;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_+=,.@-]{2,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SessionName();

    [GeneratedRegex("[^A-Za-z0-9_+=,.@-]", RegexOptions.CultureInvariant)]
    private static partial Regex NotInSessionName();

    [GeneratedRegex(@"\A[A-Za-z0-9_+=,.@:/-]{2,1224}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ExternalId();
}
