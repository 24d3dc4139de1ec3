namespace KmsTool.Benchmarks.Load;

/// <summary>Temporary credentials of the simulated instance's role.</summary>
internal sealed record SessionCredentials(string AccessKeyId, string SecretAccessKey, string SessionToken);
