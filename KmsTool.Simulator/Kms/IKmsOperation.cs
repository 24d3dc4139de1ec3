using System.Net;
using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>One operation of the KMS API.</summary>
internal interface IKmsOperation
{
    /// <summary>The name in <c>X-Amz-Target: TrentService.&lt;name&gt;</c>.</summary>
    public string Name { get; }

    /// <summary>Carries out the operation and writes the members of the response's JSON object.</summary>
    /// <exception cref="KmsException">The operation is refused; the exception is the error response.</exception>
    public void Execute(KmsCall call, Utf8JsonWriter response);
}

/// <summary>One authenticated request.</summary>
/// <param name="Credential">The key pair that signed it.</param>
/// <param name="SourceAddress">The address that it came from.</param>
/// <param name="UserAgent">The header of that name; null if there is none.</param>
/// <param name="Parameters">The members of its body.</param>
internal sealed record KmsCall(AwsCredential Credential, IPAddress? SourceAddress, string? UserAgent, KmsParameters Parameters)
{
    public AwsPrincipal Principal => Credential.Principal;
}
