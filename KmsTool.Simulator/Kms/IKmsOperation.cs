using System.Text.Json;

namespace KmsTool.Simulator.Kms;

/// <summary>One operation of the KMS API.</summary>
internal interface IKmsOperation
{
    /// <summary>The name in <c>X-Amz-Target: TrentService.&lt;name&gt;</c>.</summary>
    public string Name { get; }

    /// <summary>Does it, and writes the members of the answer's JSON object.</summary>
    /// <exception cref="KmsException">The error answer.</exception>
    public void Execute(KmsCall call, Utf8JsonWriter answer);
}
