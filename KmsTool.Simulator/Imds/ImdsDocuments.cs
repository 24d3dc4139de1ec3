using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Imds;

/// <summary>The JSON documents of the instance metadata service.</summary>
internal static class ImdsDocuments
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    public static string FormatCredentials(AwsCredential credential) => Write(json =>
    {
        json.WriteString("Code", "Success");
        json.WriteString("LastUpdated", Format(credential.IssuedAt));
        json.WriteString("Type", "AWS-HMAC");
        json.WriteString("AccessKeyId", credential.AccessKeyId);
        json.WriteString("SecretAccessKey", credential.SecretAccessKey);
        json.WriteString("Token", credential.SessionToken);
        json.WriteString("Expiration", Format(credential.Expiration!.Value));
    });

    public static string FormatRoleInfo(AwsAccount account, InstanceRole role) => Write(json =>
    {
        json.WriteString("Code", "Success");
        json.WriteString("LastUpdated", Format(role.CurrentCredential().IssuedAt));
        json.WriteString("InstanceProfileArn", $"arn:aws:iam::{account.Id}:instance-profile/{role.Name}");
        json.WriteString("InstanceProfileId", UniqueId.Derive("AIPA", role.Arn));
    });

    public static string FormatIdentity(AwsAccount account, DateTimeOffset launchedAt) => Write(json =>
    {
        json.WriteString("accountId", account.Id);
        json.WriteString("architecture", "x86_64");
        json.WriteString("availabilityZone", SimulatedInstance.GetAvailabilityZone(account));
        json.WriteString("imageId", SimulatedInstance.ImageId);
        json.WriteString("instanceId", SimulatedInstance.Id);
        json.WriteString("instanceType", SimulatedInstance.Type);
        json.WriteString("pendingTime", Format(launchedAt));
        json.WriteString("privateIp", "127.0.0.1");
        json.WriteString("region", account.Region);
        json.WriteString("version", "2017-09-30");
    });

    private static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
