using System.Buffers;

namespace KmsTool.Signing;

/// <summary>What a signing key is good for.</summary>
/// <param name="Date">The day in UTC, <c>yyyyMMdd</c>.</param>
/// <param name="Region">The region code.</param>
/// <param name="Service">The service's name in signatures, such as <c>kms</c>.</param>
/// <param name="Terminator"><see cref="KnownTerminator"/>, or what a request has in its place.</param>
internal readonly record struct CredentialScope(string Date, string Region, string Service, string Terminator = CredentialScope.KnownTerminator)
{
    public const string KnownTerminator = "aws4_request";

    /// <summary>Formats it as in the string to sign.</summary>
    public override string ToString() => $"{Date}/{Region}/{Service}/{Terminator}";
}

/// <summary>A parsed <c>Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…</c>.</summary>
internal sealed class AuthorizationHeader
{
    public const string Algorithm = "AWS4-HMAC-SHA256";

    private const int SignatureLength = 32;
    private const int MaxSignedHeaders = 64;

    private AuthorizationHeader(string accessKeyId, CredentialScope scope, IReadOnlyList<string> signedHeaders, byte[] signature) =>
        (AccessKeyId, Scope, SignedHeaders, Signature) = (accessKeyId, scope, signedHeaders, signature);

    public string AccessKeyId { get; }

    public CredentialScope Scope { get; }

    /// <summary>Gets the names, in lower case and sorted.</summary>
    public IReadOnlyList<string> SignedHeaders { get; }

    /// <summary>Gets the signature, 32 bytes.</summary>
    public byte[] Signature { get; }

    /// <exception cref="SignatureException">The header is not of that form.</exception>
    public static AuthorizationHeader Parse(string text)
    {
        if (!text.StartsWith(Algorithm + " ", StringComparison.Ordinal))
        {
            throw Incomplete($"the Authorization header must start with {Algorithm}");
        }

        string? credential = null, signedHeaders = null, signature = null;
        foreach (string part in text[(Algorithm.Length + 1)..].Split(','))
        {
            string[] pair = part.Trim().Split('=', 2);
            ref string? value = ref signature;
            switch (pair[0])
            {
                case "Credential":
                    value = ref credential;
                    break;
                case "SignedHeaders":
                    value = ref signedHeaders;
                    break;
                case "Signature":
                    break;
                default:
                    throw Incomplete($"the Authorization header has an unknown part");
            }

            if (pair.Length != 2 || value is not null)
            {
                throw Incomplete($"the Authorization header's {pair[0]} has no value or stands twice");
            }

            value = pair[1];
        }

        string[] scope = (credential ?? throw Lacks("Credential")).Split('/');
        if (scope.Length != 5)
        {
            throw Incomplete("Credential must be <access key id>/<date>/<region>/<service>/aws4_request");
        }

        return new AuthorizationHeader(
            scope[0],
            new CredentialScope(scope[1], scope[2], scope[3], scope[4]),
            ParseNames(signedHeaders ?? throw Lacks("SignedHeaders")),
            ParseSignature(signature ?? throw Lacks("Signature")));
    }

    private static string[] ParseNames(string text)
    {
        string[] names = text.Split(';', MaxSignedHeaders + 1);
        if (names.Length > MaxSignedHeaders)
        {
            throw Incomplete($"SignedHeaders has more than {MaxSignedHeaders} names");
        }

        for (int i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0 || names[i].Any(char.IsAsciiLetterUpper))
            {
                throw Incomplete("SignedHeaders must be lower-case names separated by semicolons");
            }

            if (i > 0 && string.CompareOrdinal(names[i - 1], names[i]) >= 0)
            {
                throw Incomplete("SignedHeaders must be sorted and name each header once");
            }
        }

        return names;
    }

    private static byte[] ParseSignature(string text)
    {
        byte[] signature = new byte[SignatureLength];
        if (Convert.FromHexString(text, signature, out int read, out int written) != OperationStatus.Done
            || read != text.Length
            || written != SignatureLength)
        {
            throw Incomplete("Signature must be 64 hexadecimal digits");
        }

        return signature;
    }

    private static SignatureException Lacks(string part) =>
        Incomplete($"Authorization header requires '{part}' parameter.");

    private static SignatureException Incomplete(string message) => new(SignatureFailure.Incomplete, message);
}
