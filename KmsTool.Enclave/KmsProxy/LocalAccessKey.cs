using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Signing;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>
/// The access key that applications in this enclave sign with: made at start, good for nothing but this proxy, and gone with
/// the process.
/// </summary>
internal sealed class LocalAccessKey : IDisposable
{
    // Of the length and the letters of AWS's, so that no client minds; what it begins with says that it is none of theirs.
    private const string Prefix = "KMSTOOL";
    private const string IdLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int IdLength = 20;
    private const int SecretLength = 30;

    private readonly SensitiveBytes _secret;

    private LocalAccessKey(string id, SensitiveBytes secret) => (Id, _secret) = (id, secret);

    /// <summary>Access key identifier.</summary>
    public string Id { get; }

    /// <summary>Tells whether an access key identifier is one of a KMS proxy, which AWS does not know.</summary>
    public static bool IsLocal(string id) => id.Length == IdLength && id.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Makes a new one: 65 bits of identifier, 240 of secret.</summary>
    public static LocalAccessKey Generate()
    {
        using var random = SensitiveBytes.Allocate(SecretLength);
        RandomNumberGenerator.Fill(random.WritableSpan);
        var secret = SensitiveBytes.Allocate(Base64.GetMaxEncodedToUtf8Length(SecretLength));
        Base64.EncodeToUtf8(random.Span, secret.WritableSpan, out _, out _);
        return new LocalAccessKey(Prefix + RandomNumberGenerator.GetString(IdLetters, IdLength - Prefix.Length), secret);
    }

    /// <summary>The secret as text, which an application's environment takes; no copy can be cleared.</summary>
    public string SecretText() => Encoding.ASCII.GetString(_secret.Span);

    /// <summary>Requires that a request claims to be signed with this key, for KMS, in the last five minutes. Needs no body.</summary>
    /// <returns>The claim.</returns>
    /// <exception cref="SignatureException">It does not.</exception>
    public SigV4Claim ReadClaim(SigV4Request request, DateTimeOffset now)
    {
        var claim = SigV4Claim.Read(request);
        if (claim.AccessKeyId != Id || request.ValuesOf(SigV4Claim.TokenHeader).Any())
        {
            throw new SignatureException(SignatureFailure.UnknownToken,
                "The access key is not the one that the KMS proxy gave to applications of this enclave; it is in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and has no session token");
        }

        claim.RequireScope("kms");
        claim.RequireTime(now);
        return claim;
    }

    /// <summary>Requires that a request with this body is signed as it claims to be.</summary>
    /// <exception cref="SignatureException">It is not.</exception>
    public void RequireSignature(SigV4Claim claim, ReadOnlyMemory<byte> body) => claim.RequireSignature(_secret.Span, body, quote: false);

    public void Dispose() => _secret.Dispose();
}
