namespace KmsTool.Simulator.Kms;

/// <summary>A request that is to be checked only (KMS developer guide, "Testing your AWS KMS API calls").</summary>
internal static class DryRun
{
    /// <summary>Called when everything has been checked and nothing done.</summary>
    /// <exception cref="KmsException">DryRunOperationException: the request asks for no more.</exception>
    public static void Check(KmsParameters parameters)
    {
        if (parameters.Boolean("DryRun"))
        {
            throw new KmsException("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
        }
    }
}
