namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The names that CreateAlias takes (KMS API reference, CreateAlias, <c>AliasName</c>).</summary>
internal static class KeyAlias
{
    public const string Prefix = "alias/";

    private const int MaxLength = 256;
    private const string ReservedPrefix = "alias/aws/";

    /// <exception cref="KmsException">It is missing, or no name that a caller may give.</exception>
    public static string Read(KmsParameters parameters)
    {
        string name = parameters.RequiredString("AliasName", 1, MaxLength);
        if (!name.StartsWith(Prefix, StringComparison.Ordinal) || name.Length == Prefix.Length || !name.All(IsAllowed))
        {
            throw KmsException.Validation(
                $"The alias '{name}' is not {Prefix} followed by letters, digits and the characters / _ and -.");
        }

        return name.StartsWith(ReservedPrefix, StringComparison.Ordinal)
            ? throw new KmsException("NotAuthorizedException", $"Aliases that start with {ReservedPrefix} are for AWS.")
            : name;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-';
}
