using System.Globalization;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// The certificate chain of an attestation document: <c>cabundle</c> from the root down, then <c>certificate</c>. A list
/// in a known order with one algorithm, so the checks of RFC 5280 section 6.1 are made here, explicitly, rather than by
/// a path builder that may look for other paths, trust stores or networks.
/// </summary>
internal static class AttestationChain
{
    /// <summary>Verifies the chain as of <paramref name="at"/> and returns the document's certificate.</summary>
    /// <exception cref="AttestationRejectedException">A rule is broken.</exception>
    public static AttestationCertificate Verify(AttestationDocument document, AttestationRoot root, DateTimeOffset at)
    {
        if (!root.Matches(document.CaBundle[0].Span))
        {
            throw new AttestationRejectedException(AttestationFailure.RootMismatch, "cabundle[0] is not the pinned root");
        }
        AttestationCertificate? issuer = null;
        for (int i = 0; i < document.CaBundle.Count; i++)
        {
            string name = $"cabundle[{i}]";
            var authority = AttestationCertificate.Parse(document.CaBundle[i], name);
            CheckValidity(authority, name, at);
            CheckAuthority(authority, name, authoritiesBelow: document.CaBundle.Count - 1 - i);
            CheckIssued(authority, name, issuer);
            issuer = authority;
        }
        var signer = AttestationCertificate.Parse(document.Certificate, "certificate");
        CheckValidity(signer, "certificate", at);
        CheckSigner(signer);
        CheckIssued(signer, "certificate", issuer);
        return signer;
    }

    private static void CheckValidity(AttestationCertificate certificate, string name, DateTimeOffset at)
    {
        if (at < certificate.NotBefore)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateNotYetValid, $"{name} is not valid before {Text(certificate.NotBefore)}, and it is {Text(at)}");
        }
        if (at > certificate.NotAfter)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateExpired, $"{name} expired at {Text(certificate.NotAfter)}, and it is {Text(at)}");
        }
    }

    private static void CheckAuthority(AttestationCertificate certificate, string name, int authoritiesBelow)
    {
        if (!certificate.IsAuthority)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateBasicConstraints, $"{name} is not a certificate authority");
        }
        if (certificate.PathLength < authoritiesBelow)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificatePathLength, $"{name} allows {certificate.PathLength} authorities below it, and there are {authoritiesBelow}");
        }
        if (!certificate.MaySignCertificates)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateKeyUsage, $"{name} may not sign certificates");
        }
    }

    private static void CheckSigner(AttestationCertificate certificate)
    {
        if (certificate.IsAuthority)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateBasicConstraints, "certificate is a certificate authority");
        }
        if (!certificate.MaySign)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateKeyUsage, "certificate may not sign documents");
        }
    }

    private static void CheckIssued(AttestationCertificate certificate, string name, AttestationCertificate? issuer)
    {
        if (issuer is null)
        {
            // The root: the pin vouches for every byte of it.
            return;
        }
        if (!certificate.IssuerName.Span.SequenceEqual(issuer.SubjectName.Span))
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateName, $"{name} names another issuer than the certificate above it");
        }
        if (!issuer.VerifyCertificate(certificate))
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateSignature, $"{name} was not signed by the certificate above it");
        }
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
