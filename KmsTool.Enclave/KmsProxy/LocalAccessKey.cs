using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Signing;

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

    /// <summary>Makes a new one: 65 bits of identifier, 240 of secret.</summary>
    public static LocalAccessKey Generate()
    {
        using SensitiveBytes random = SensitiveBytes.Allocate(SecretLength);
        RandomNumberGenerator.Fill(random.WritableSpan);
        SensitiveBytes secret = SensitiveBytes.Allocate(Base64.GetMaxEncodedToUtf8Length(SecretLength));
        Base64.EncodeToUtf8(random.Span, secret.WritableSpan, out _, out _);
        return new LocalAccessKey(Prefix + RandomNumberGenerator.GetString(IdLetters, IdLength - Prefix.Length), secret);
    }

    /// <summary>The secret as text, which an application's environment takes; no copy can be cleared.</summary>
    public string SecretText() => Encoding.ASCII.GetString(_secret.Span);

    /// <summary>Requires that a request was signed with this key, for KMS, in the last five minutes.</summary>
    /// <returns>The region in whose name.</returns>
    /// <exception cref="SignatureException">It was not.</exception>
    public string Verify(SignedRequest request, DateTimeOffset now)
    {
        AuthorizationHeader header = SignatureV4.ReadHeader(request);
        string time = SignatureV4.RequireSignedHeaders(request, header);
        if (header.AccessKeyId != Id || request.Headers.ContainsKey("X-Amz-Security-Token"))
        {
            throw new SignatureException(SignatureFailure.UnknownToken,
                "The access key is not the one that the KMS proxy gave to applications of this enclave; it is in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and has no session token");
        }

        SignatureV4.RequireScope(header, "kms", time);
        SignatureV4.RequireTime(time, now);
        SignatureV4.RequireSignature(request, header, _secret.Span, time, quote: false);
        return header.Region;
    }

    public void Dispose() => _secret.Dispose();
}
