namespace KmsTool.Tests.Enclave;

/// <summary>The environment of a process that runs in a test's enclave.</summary>
internal static class EnclaveEnvironment
{
    public static Dictionary<string, string> Of(TestEnclave enclave) => new()
    {
        ["KMSTOOL_NSM"] = enclave.Options.Kms.Nsm,
        ["AWS_CA_BUNDLE"] = enclave.Options.Kms.CaBundle,
    };
}
