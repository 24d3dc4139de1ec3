namespace KmsTool.Simulator.Iam;

/// <summary>More role sessions were asked for than the simulator keeps.</summary>
internal sealed class CredentialCapacityException(int capacity)
    : Exception($"the simulator keeps at most {capacity} key pairs; wait for some to expire or start it again");
