using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>What the values of a condition key are, and so which operators compare them.</summary>
internal enum ConditionKeyType
{
    Text,
    Arn,
    Boolean,
    Number,
    Date,

    /// <summary>Seconds since 1970: a number and a date.</summary>
    EpochTime,
    IpAddress,
}

/// <summary>
/// A condition key whose value the simulator knows for every request, even if the value is that there is none (IAM user guide, "AWS
/// global condition context keys"; KMS developer guide, "AWS KMS condition keys").
/// </summary>
/// <param name="Name">The key as the policy writes it.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="IsMultivalued">Whether a request can have several values of it.</param>
internal sealed partial record ConditionKey(string Name, ConditionKeyType Type, bool IsMultivalued)
{
    private static readonly FrozenDictionary<string, ConditionKeyType> SingleValued = CreateTable(
        (ConditionKeyType.Text,
        [
            "aws:PrincipalAccount", "aws:PrincipalType", "aws:RequestedRegion", "aws:ResourceAccount", "aws:UserAgent",
            "aws:userid", "aws:username",
            "kms:CallerAccount", "kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage", "kms:DataKeyPairSpec",
            "kms:EncryptionAlgorithm", "kms:KeyAgreementAlgorithm", "kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage",
            "kms:RecipientAttestation:ImageSha384", "kms:RequestAlias",
            // Of services, organizations, VPC endpoints, federation and operations that the simulator does not have.
            "aws:CalledViaFirst", "aws:CalledViaLast", "aws:FederatedProvider", "aws:PrincipalOrgID", "aws:PrincipalServiceName",
            "aws:referer", "aws:ResourceOrgID", "aws:SourceAccount", "aws:SourceIdentity", "aws:SourceOrgID", "aws:SourceVpc",
            "aws:SourceVpce",
            "kms:ExpirationModel", "kms:GrantConstraintType", "kms:GranteePrincipal", "kms:MacAlgorithm", "kms:MessageType",
            "kms:MultiRegionKeyType", "kms:PrimaryRegion", "kms:ReplicaRegion", "kms:RetiringPrincipal", "kms:SigningAlgorithm",
            "kms:ViaService", "kms:WrappingAlgorithm", "kms:WrappingKeySpec",
        ]),
        (ConditionKeyType.Arn, ["aws:PrincipalArn", "aws:SourceArn"]),
        (ConditionKeyType.Boolean,
        [
            "aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService", "aws:SecureTransport", "aws:ViaAWSService",
            "kms:BypassPolicyLockoutSafetyCheck", "kms:GrantIsForAWSResource", "kms:MultiRegion", "kms:ReEncryptOnSameKey",
        ]),
        (ConditionKeyType.Number, ["aws:MultiFactorAuthAge", "kms:RotationPeriodInDays", "kms:ScheduleKeyDeletionPendingWindowInDays"]),
        (ConditionKeyType.Date, ["aws:CurrentTime", "aws:TokenIssueTime", "kms:ValidTo"]),
        (ConditionKeyType.EpochTime, ["aws:EpochTime"]),
        (ConditionKeyType.IpAddress, ["aws:SourceIp", "aws:VpcSourceIp"]));

    private static readonly FrozenDictionary<string, ConditionKeyType> Multivalued = CreateTable(
        (ConditionKeyType.Text,
        [
            "kms:EncryptionContextKeys",
            "aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths", "aws:SourceOrgPaths",
            "aws:TagKeys",
            "kms:GrantOperations",
        ]));

    /// <summary>Gets whether KMS refuses the key with ForAllValues, which would match requests that lack it.</summary>
    public bool IsRefusedWithForAllValues => Name.StartsWith("kms:EncryptionContext:", StringComparison.OrdinalIgnoreCase)
        || Name.StartsWith("aws:RequestTag/", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="PolicyFormatException">The simulator does not know the key.</exception>
    public static ConditionKey Find(string name)
    {
        if (SingleValued.TryGetValue(name, out ConditionKeyType type))
        {
            return new ConditionKey(name, type, IsMultivalued: false);
        }

        if (Multivalued.TryGetValue(name, out type))
        {
            return new ConditionKey(name, type, IsMultivalued: true);
        }

        return Family().IsMatch(name)
            ? new ConditionKey(name, ConditionKeyType.Text, IsMultivalued: false)
            : throw new PolicyFormatException($"Condition key '{name}' is unknown to the simulator");
    }

    private static FrozenDictionary<string, ConditionKeyType> CreateTable(params (ConditionKeyType Type, string[] Names)[] rows) => rows
        .SelectMany(row => row.Names.Select(name => KeyValuePair.Create(name, row.Type)))
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // PCR31 is the last one of a Nitro Secure Module, PCR23 of a TPM.
    [GeneratedRegex(
        @"\A(kms:EncryptionContext:.+|kms:RecipientAttestation:(PCR([12]?[0-9]|3[01])|NitroTPMPCR(1?[0-9]|2[0-3]))"
        + @"|aws:(Principal|Request|Resource)Tag/.+)\z",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Family();
}
