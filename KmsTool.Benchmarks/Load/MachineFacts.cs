using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace KmsTool.Benchmarks.Load;

/// <summary>Where the figures come from.</summary>
internal static class MachineFacts
{
    private const string ModelLine = "model name";

    public static string Describe() => $"{Environment.ProcessorCount} cores ({ReadProcessorModel()}), {RuntimeInformation.OSDescription.Trim()}, "
        + $"{RuntimeInformation.FrameworkDescription}, OpenSSL {DescribeOpenSsl()}, load average {ReadLoadAverage()} at the start";

    private static string ReadProcessorModel() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(static line => line.StartsWith(ModelLine, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    private static string ReadLoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    // OPENSSL_VERSION_NUMBER of OpenSSL 3: 0xMNN00PP0.
    private static string DescribeOpenSsl()
    {
        long version = SafeEvpPKeyHandle.OpenSslVersion;
        return $"{version >> 28}.{(version >> 20) & 0xFF}.{(version >> 4) & 0xFF}";
    }
}
