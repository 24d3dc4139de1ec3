namespace KmsTool.Simulator.Iam.Policies;

internal enum AuthorizationDecision
{
    /// <summary>No statement allows it.</summary>
    NotAllowed,

    /// <summary>A statement denies it, whatever others allow.</summary>
    Denied,

    Allowed,
}
