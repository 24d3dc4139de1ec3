using System.Security.Cryptography;

namespace KmsTool.Simulator.Iam;

/// <summary>IAM's unique identifiers: four letters for the kind, then sixteen characters of base 32.</summary>
internal static class UniqueId
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static string Create(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, 16);
}
