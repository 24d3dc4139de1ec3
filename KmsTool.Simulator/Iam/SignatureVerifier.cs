using System.Security.Cryptography;
using System.Text;
using KmsTool.Signing;

namespace KmsTool.Simulator.Iam;

/// <summary>Verifies signatures of the credentials that the simulator issued.</summary>
internal sealed class SignatureVerifier(IssuedCredentials credentials, string region, TimeProvider timeProvider)
{
    /// <summary>Returns the credential that signed the request for <paramref name="service"/>.</summary>
    /// <exception cref="SignatureException">The signature is missing, expired or wrong.</exception>
    public AwsCredential Verify(SigV4Request request, string service)
    {
        var claim = SigV4Claim.Read(request);
        AwsCredential credential = FindCredential(request, claim);
        if (claim.Region != region)
        {
            throw new SignatureException(
                SignatureFailure.Invalid, $"Credential should be scoped to a valid region, not '{claim.Region}'; this is '{region}'.");
        }

        claim.RequireScope(service);
        claim.RequireTime(timeProvider.GetUtcNow());
        claim.RequireSignature(Encoding.UTF8.GetBytes(credential.SecretAccessKey), request.Body, quote: true);
        return credential;
    }

    private AwsCredential FindCredential(SigV4Request request, SigV4Claim claim)
    {
        string[] tokens = [.. request.ValuesOf(SigV4Claim.TokenHeader)];
        if (!credentials.TryFind(claim.AccessKeyId, out AwsCredential? credential)
            || tokens.Length > 1
            || !AreEqual(tokens.Length == 1 ? tokens[0] : "", credential.SessionToken ?? ""))
        {
            throw new SignatureException(SignatureFailure.UnknownToken, "The security token included in the request is invalid.");
        }

        if (credential.Expiration <= timeProvider.GetUtcNow())
        {
            throw new SignatureException(SignatureFailure.ExpiredToken, "The security token included in the request is expired");
        }

        return credential;
    }

    private static bool AreEqual(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
