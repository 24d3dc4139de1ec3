using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// ARN of a KMS key, <c>arn:PARTITION:kms:REGION:ACCOUNT:key/ID</c> (AWS Service Authorization Reference). Not of an alias:
/// an alias can be made to point elsewhere, and KMS's answers name keys.
/// </summary>
/// <param name="Arn">The whole.</param>
/// <param name="Region">AWS region code.</param>
/// <param name="Id">UUID, or <c>mrk-</c> and 32 digits for a multi-Region key.</param>
internal sealed partial record KmsKeyArn(string Arn, string Region, string Id)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out KmsKeyArn? key)
    {
        Match match = Form().Match(text);
        key = match.Success ? new KmsKeyArn(text, match.Groups["region"].Value, match.Groups["id"].Value) : null;
        return key is not null;
    }

    /// <summary>Whether a request's KeyId means this key: its ARN or its id.</summary>
    public bool IsMeantBy(string keyId) => keyId == Arn || keyId == Id;

    public override string ToString() => Arn;

    [GeneratedRegex("^arn:aws[a-z-]{0,20}:kms:(?<region>[a-z0-9-]{1,32}):[0-9]{12}:key/(?<id>[A-Za-z0-9-]{1,64})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
