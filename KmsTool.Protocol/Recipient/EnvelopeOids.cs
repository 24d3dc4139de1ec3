namespace KmsTool.Protocol.Recipient;

/// <summary>Object identifiers of the one kind of envelope that KMS makes.</summary>
internal static class EnvelopeOids
{
    /// <summary>id-data (RFC 5652 section 4).</summary>
    public const string Data = "1.2.840.113549.1.7.1";

    /// <summary>id-envelopedData (RFC 5652 section 6.1).</summary>
    public const string EnvelopedData = "1.2.840.113549.1.7.3";

    /// <summary>id-RSAES-OAEP (RFC 8017 appendix A.2.1).</summary>
    public const string RsaesOaep = "1.2.840.113549.1.1.7";

    /// <summary>id-mgf1 (RFC 8017 appendix A.2.1).</summary>
    public const string Mgf1 = "1.2.840.113549.1.1.8";

    /// <summary>id-pSpecified (RFC 8017 appendix A.2.1).</summary>
    public const string PSpecified = "1.2.840.113549.1.1.9";

    /// <summary>id-sha256 (RFC 5754 section 2.2).</summary>
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";

    /// <summary>id-aes256-CBC (RFC 3565 section 4.1).</summary>
    public const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
}
