using System.Security.Cryptography;
using System.Text;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Imds;

namespace KmsTool.Simulator.Nsm;

/// <summary>The PCRs with which a simulated enclave starts.</summary>
internal static class EnclaveImage
{
    /// <summary>
    /// The given PCRs, completed: 0 to 2, which measure the image, by values that stand for an example image, 3 and 4 by
    /// those of the simulated instance's role and id. An image of all zeros is debug mode, where the others are zero too.
    /// </summary>
    public static Dictionary<int, byte[]> Complete(IReadOnlyDictionary<int, byte[]> given, AwsAccount account, string? roleName)
    {
        var pcrs = new Dictionary<int, byte[]>(given);
        bool isDebug = given.TryGetValue(0, out byte[]? image) && !image.AsSpan().ContainsAnyExcept((byte)0);
        if (isDebug)
        {
            return pcrs;
        }

        for (int i = 0; i <= 2; i++)
        {
            pcrs.TryAdd(i, Measure($"kmstool-simulator example image, PCR{i}"));
        }

        if (roleName is not null)
        {
            pcrs.TryAdd(3, Measure(account.RoleArn(roleName)));
        }

        pcrs.TryAdd(4, Measure(SimulatedInstance.Id));
        return pcrs;
    }

    /// <summary>A PCR that started as zeros and was extended once (Nitro Enclaves user guide, "Where to get an enclave's measurements").</summary>
    private static byte[] Measure(string text) => SHA384.HashData([.. new byte[PcrBank.ValueLength], .. Encoding.UTF8.GetBytes(text)]);
}
