using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Simulator.Iam;

/// <summary>IAM's unique identifiers: four letters for the kind, then sixteen characters of base 32.</summary>
internal static class UniqueId
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int Length = 16;

    /// <summary>A new one, as access keys have.</summary>
    public static string Create(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>The one that a user or role always has.</summary>
    public static string Of(string prefix, string arn)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(arn));
        return prefix + string.Concat(hash.Take(Length).Select(b => Alphabet[b % Alphabet.Length]));
    }
}
