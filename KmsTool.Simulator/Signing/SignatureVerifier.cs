using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol.Signing;
using KmsTool.Simulator.Iam;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Simulator.Signing;

/// <summary>Verifies signatures of the credentials that the simulator issued.</summary>
internal sealed class SignatureVerifier(CredentialStore credentials, string region, TimeProvider timeProvider)
{
    /// <summary>Returns the credential that signed the request for <paramref name="service"/>.</summary>
    /// <exception cref="SignatureException">The signature is missing, expired or wrong.</exception>
    public AwsCredential Verify(SignedRequest request, string service)
    {
        AuthorizationHeader header = SignatureV4.ReadHeader(request);
        string time = SignatureV4.RequireSignedHeaders(request, header);
        AwsCredential credential = FindCredential(request, header);
        if (header.Region != region)
        {
            throw new SignatureException(
                SignatureFailure.Invalid, $"Credential should be scoped to a valid region, not '{header.Region}'; this is '{region}'.");
        }

        SignatureV4.RequireScope(header, service, time);
        SignatureV4.RequireTime(time, timeProvider.GetUtcNow());
        SignatureV4.RequireSignature(request, header, Encoding.UTF8.GetBytes(credential.SecretAccessKey), time, quote: true);
        return credential;
    }

    private AwsCredential FindCredential(SignedRequest request, AuthorizationHeader header)
    {
        StringValues token = request.Headers["X-Amz-Security-Token"];
        if (!credentials.TryFind(header.AccessKeyId, out AwsCredential? credential)
            || token.Count > 1
            || !AreEqual(token.Count == 1 ? token[0]! : "", credential.SessionToken ?? ""))
        {
            throw new SignatureException(SignatureFailure.UnknownToken, "The security token included in the request is invalid.");
        }

        if (credential.Expiration <= timeProvider.GetUtcNow())
            throw new SignatureException(SignatureFailure.ExpiredToken, "The security token included in the request is expired");
        return credential;
    }

    private static bool AreEqual(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
