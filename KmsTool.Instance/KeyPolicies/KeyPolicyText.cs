using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KmsTool.Instance.KeyPolicies;

/// <summary>Writes a key policy in the form of the tutorial of AWS's kmstool (docs/kmstool.md of aws-nitro-enclaves-sdk-c).</summary>
internal static class KeyPolicyText
{
    private const string EqualTo = "StringEqualsIgnoreCase";
    private const string NotEqualTo = "StringNotEqualsIgnoreCase";

    /// <summary>
    /// What administering a key takes, each by name. The tutorial's kms:Create* would include CreateGrant: a grant lets
    /// its holder decrypt without an attestation.
    /// </summary>
    private static readonly string[] Administration =
    [
        "DescribeKey", "GetPublicKey", "UpdateKeyDescription", "EnableKey", "DisableKey",
        "GetKeyPolicy", "PutKeyPolicy", "ListKeyPolicies", "ListGrants", "RevokeGrant",
        "GetKeyRotationStatus", "EnableKeyRotation", "DisableKeyRotation", "ListKeyRotations",
        "CreateAlias", "UpdateAlias", "DeleteAlias", "TagResource", "UntagResource", "ListResourceTags",
        "ScheduleKeyDeletion", "CancelKeyDeletion",
    ];

    public static string Format(EnclaveKeyPolicy policy)
    {
        var buffer = new ArrayBufferWriter<byte>();
        // ARNs and hexadecimal digits are checked and need no escaping; the default encoder would write a + as \u002B.
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteString("Version", "2012-10-17");
            json.WriteString("Id", "kmstool-enclave-key");
            json.WriteStartArray("Statement");
            WriteStatements(json, policy);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void WriteStatements(Utf8JsonWriter json, EnclaveKeyPolicy policy)
    {
        IReadOnlyList<string> attested = policy.Operations.Attested;
        KeyValuePair<int, ReadOnlyMemory<byte>>[] pcrs = [.. policy.Pcrs.OrderBy(pcr => pcr.Key)];

        // All conditions of a statement must hold: every PCR as given.
        StartStatement(json, "Enable use from enclave", "Allow", policy.RoleArn, attested);
        WriteConditions(json, EqualTo, pcrs);
        json.WriteEndObject();

        if (policy.Operations.Encrypt)
        {
            StartStatement(json, "Enable encrypt from instance", "Allow", policy.RoleArn, ["Encrypt"]);
            json.WriteEndObject();
        }

        StartStatement(json, "Allow access for Key Administrators", "Allow", policy.AdministratorArn, Administration);
        json.WriteEndObject();
        if (!policy.DeniesOthers)
        {
            return;
        }

        // ReEncrypt hands what Decrypt would give to a key of the caller's choice, and it takes no attestation document.
        string[] denied = attested.Contains(KeyPolicyOperations.Decrypt) ? [.. attested, "ReEncryptFrom"] : [.. attested];
        // A statement for each PCR: in one, all of them would have to differ. StringNotEqualsIgnoreCase is also true of a
        // request without the key (IAM user guide, "Condition operators"), and so of one without an attestation.
        foreach (KeyValuePair<int, ReadOnlyMemory<byte>> pcr in pcrs)
        {
            StartStatement(json, string.Create(CultureInfo.InvariantCulture, $"Deny use unless PCR{pcr.Key} is right"), "Deny", "*", denied);
            WriteConditions(json, NotEqualTo, [pcr]);
            json.WriteEndObject();
        }
    }

    private static void StartStatement(Utf8JsonWriter json, string sid, string effect, string principal, IReadOnlyList<string> operations)
    {
        json.WriteStartObject();
        json.WriteString("Sid", sid);
        json.WriteString("Effect", effect);
        json.WriteStartObject("Principal");
        json.WriteString("AWS", principal);
        json.WriteEndObject();
        if (operations is [string only])
        {
            json.WriteString("Action", "kms:" + only);
        }
        else
        {
            json.WriteStartArray("Action");
            foreach (string operation in operations)
            {
                json.WriteStringValue("kms:" + operation);
            }

            json.WriteEndArray();
        }

        // Of a key policy: the key itself.
        json.WriteString("Resource", "*");
    }

    private static void WriteConditions(Utf8JsonWriter json, string conditionOperator, ReadOnlySpan<KeyValuePair<int, ReadOnlyMemory<byte>>> pcrs)
    {
        json.WriteStartObject("Condition");
        json.WriteStartObject(conditionOperator);
        foreach ((int index, ReadOnlyMemory<byte> value) in pcrs)
        {
            json.WriteString(NameConditionKey(index), Convert.ToHexStringLower(value.Span));
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    // The tutorial's name for PCR0; kms:RecipientAttestation:PCR0 would say the same.
    private static string NameConditionKey(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"kms:RecipientAttestation:{(index == 0 ? "ImageSha384" : $"PCR{index}")}");
}

/// <summary>Who may do what with a key that is meant for an enclave.</summary>
internal sealed record EnclaveKeyPolicy
{
    /// <summary>The role of the instance, whose credentials the enclave uses.</summary>
    public required string RoleArn { get; init; }

    /// <summary>The role or user that may change the policy, and so everything.</summary>
    public required string AdministratorArn { get; init; }

    /// <summary>What the enclave must be measured as, 48 bytes each, by index; at least one.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs { get; init; }

    public required KeyPolicyOperations Operations { get; init; }

    /// <summary>Whether everyone else is denied them, whatever other statements, grants and IAM policies allow.</summary>
    public bool DeniesOthers { get; init; }
}
