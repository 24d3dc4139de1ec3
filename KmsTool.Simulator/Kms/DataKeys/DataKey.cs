using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.DataKeys;

/// <summary>A symmetric data key: so many random bytes.</summary>
internal static class DataKey
{
    private const int MaxLength = 1024;

    /// <summary>Reads the length in bytes, which a request gives in one of two ways.</summary>
    /// <exception cref="KmsException">ValidationException.</exception>
    public static int ReadLength(KmsParameters parameters)
    {
        string? spec = parameters.Enumerated("KeySpec", ["AES_256", "AES_128"]);
        int? length = parameters.Integer("NumberOfBytes", 1, MaxLength);
        return (spec, length) switch
        {
            ("AES_256", null) => 32,
            ("AES_128", null) => 16,
            (null, { } bytes) => bytes,
            _ => throw KmsException.Validation("Please specify either number of bytes or key spec."),
        };
    }

    public static SensitiveBytes Generate(int length)
    {
        var key = SensitiveBytes.Allocate(length);
        RandomNumberGenerator.Fill(key.WritableSpan);
        return key;
    }
}
