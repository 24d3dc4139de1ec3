namespace KmsTool.Simulator.Iam.Policies;

/// <summary>A parsed key policy.</summary>
internal sealed record PolicyDocument(IReadOnlyList<PolicyStatement> Statements);
