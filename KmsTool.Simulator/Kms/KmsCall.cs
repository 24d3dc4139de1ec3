using System.Net;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>One authenticated request.</summary>
/// <param name="Credential">What signed it.</param>
/// <param name="SourceAddress">The address that it came from.</param>
/// <param name="UserAgent">The header of that name; null if there is none.</param>
/// <param name="Parameters">The members of its body.</param>
internal sealed record KmsCall(AwsCredential Credential, IPAddress? SourceAddress, string? UserAgent, KmsParameters Parameters)
{
    public AwsPrincipal Principal => Credential.Principal;
}
