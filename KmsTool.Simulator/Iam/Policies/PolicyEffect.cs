namespace KmsTool.Simulator.Iam.Policies;

internal enum PolicyEffect
{
    Allow,
    Deny,
}
