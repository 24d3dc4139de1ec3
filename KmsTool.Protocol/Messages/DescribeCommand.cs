using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks what the enclave is: version, measurements, limits, pins, counters. Needs no SetClient. An extension.</summary>
public sealed record DescribeCommand : Command
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "Describe";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;
}
