using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Imds;

/// <summary>The parent instance that the simulator plays.</summary>
internal static class SimulatedInstance
{
    public const string Id = "i-0123456789abcdef0";

    public const string ImageId = "ami-0123456789abcdef0";

    public const string Type = "m6i.xlarge";

    public const string EnclaveId = "enc0123456789abcdef";

    public static string AvailabilityZone(AwsAccount account) => account.Region + "a";
}
