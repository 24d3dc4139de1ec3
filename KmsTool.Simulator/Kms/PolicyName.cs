namespace KmsTool.Simulator.Kms;

/// <summary>A key has one policy, and its name is always the same.</summary>
internal static class PolicyName
{
    public const string Default = "default";

    /// <exception cref="KmsException">The request names another policy.</exception>
    public static void Check(KmsParameters parameters)
    {
        if (parameters.String("PolicyName", 1, 128) is not (null or Default))
        {
            throw KmsException.NotFound("No such policy exists: the name of a key policy is 'default'.");
        }
    }
}
