using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Simulator.Iam;

/// <summary>The account and region that the simulator plays, and the ARNs of its resources.</summary>
internal sealed record AwsAccount(string Id, string Region)
{
    /// <summary>The account id of AWS's own examples, which is not assigned.</summary>
    public const string ExampleId = "111122223333";

    public string RootArn => $"arn:aws:iam::{Id}:root";

    public string UserArn(string name) => $"arn:aws:iam::{Id}:user/{name}";

    public string RoleArn(string name) => $"arn:aws:iam::{Id}:role/{name}";

    public string SessionArn(string role, string session) => $"arn:aws:sts::{Id}:assumed-role/{role}/{session}";

    public string KeyArn(string keyId) => $"arn:aws:kms:{Region}:{Id}:key/{keyId}";

    /// <param name="alias">With <c>alias/</c> before it.</param>
    public string AliasArn(string alias) => $"arn:aws:kms:{Region}:{Id}:{alias}";
}

/// <summary>IAM's unique identifiers: four letters for the kind, then sixteen characters of base 32.</summary>
internal static class UniqueId
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int Length = 16;

    /// <summary>Makes a random identifier, as access keys have.</summary>
    public static string Create(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>Derives the constant identifier of a user or role from its ARN.</summary>
    public static string Derive(string prefix, string arn)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(arn));
        return prefix + string.Concat(hash.Take(Length).Select(b => Alphabet[b % Alphabet.Length]));
    }
}
