namespace KmsTool.Simulator.Iam.Policies;

/// <summary>A policy that is malformed, or that uses what the simulator does not know.</summary>
internal sealed class PolicyFormatException(string message) : Exception(message);
