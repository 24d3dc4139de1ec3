using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Lists all keys, page by page; the marker is the id of the last key of the page before.</summary>
internal sealed class ListKeysOperation(KeyStore keys) : IKmsOperation
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;
    private const int MaxMarkerLength = 1024;

    public string Name => "ListKeys";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        int limit = call.Parameters.Integer("Limit", 1, MaxLimit) ?? DefaultLimit;
        Guid after = ReadMarker(call.Parameters);
        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:ListKeys");

        // One more than a page, to know whether there is a next one.
        List<KmsKey> page = [.. keys.InOrder.Where(key => key.Id.CompareTo(after) > 0).Take(limit + 1)];
        bool isTruncated = page.Count > limit;
        answer.WriteStartArray("Keys");
        foreach (KmsKey key in page.Take(limit))
        {
            answer.WriteStartObject();
            answer.WriteString("KeyId", key.Id.ToString());
            answer.WriteString("KeyArn", key.Arn);
            answer.WriteEndObject();
        }

        answer.WriteEndArray();
        if (isTruncated)
        {
            answer.WriteString("NextMarker", page[limit - 1].Id.ToString("N"));
        }

        answer.WriteBoolean("Truncated", isTruncated);
    }

    private static Guid ReadMarker(KmsParameters parameters)
    {
        if (parameters.String("Marker", 1, MaxMarkerLength) is not { } marker)
        {
            return Guid.Empty;
        }

        return Guid.TryParseExact(marker, "N", out Guid after)
            ? after
            : throw new KmsException("InvalidMarkerException", "The marker is not one that ListKeys has returned.");
    }
}
