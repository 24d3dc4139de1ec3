using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>One authenticated request.</summary>
internal sealed record KmsCall(AwsPrincipal Principal, KmsParameters Parameters);
