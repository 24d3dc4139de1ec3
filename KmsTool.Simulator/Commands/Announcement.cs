using KmsTool.Simulator.Faults;

namespace KmsTool.Simulator.Commands;

/// <summary>What <c>run</c> prints when everything serves: addresses, exports and, last, <c>ready</c>. No secret.</summary>
internal static class Announcement
{
    private const string SecretVariable = "AWS_SECRET_ACCESS_KEY";

    public static async Task WriteAsync(TextWriter output, SimulatorHost host, SimulatorOptions options)
    {
        await output.WriteLineAsync($"KMS, STS  {host.KmsEndpoint}");
        await output.WriteLineAsync($"IMDSv2    {host.ImdsEndpoint}");
        await output.WriteLineAsync($"NSM       {host.NsmAddress}");
        await output.WriteLineAsync($"PCR0      {Convert.ToHexStringLower(host.Pcrs.Read(0).Value)}");
        await output.WriteLineAsync($"role      {host.Role?.Arn ?? "none"}");
        foreach (SimulatorFault fault in options.Faults)
        {
            await output.WriteLineAsync($"fault     {FaultCatalog.NameOf(fault)}");
        }

        if (options.AcceptsUnsignedAttestation)
        {
            await output.WriteLineAsync("INSECURE  KMS accepts attestation documents that anybody can make");
        }

        await output.WriteLineAsync();
        await output.WriteAsync(EnvironmentFile.Format(host.Environment.Where(variable => variable.Key != SecretVariable)));
        await output.WriteLineAsync($"# {SecretVariable} too is exported by:  . {EnvironmentFile.Quote(host.Files.Environment)}");
        await output.WriteLineAsync();
        await output.WriteLineAsync("ready");
        await output.FlushAsync();
    }
}
