namespace KmsTool.Protocol.Images;

/// <summary>
/// Who signed an enclave image. The signature over PCR0 is valid for the certificate's key; that the certificate is to be
/// trusted, or is valid now, is not said: the PCR8 that it makes is what a key policy names.
/// </summary>
public sealed class ImageSignature
{
    /// <summary>DER of the X.509 certificate, which PCR8 measures.</summary>
    public required ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>
    /// The PCR0 that is signed, 48 bytes: that of <see cref="EnclaveImage.Pcrs"/>. It may differ only if the image has
    /// <see cref="EnclaveImage.FurtherFlags"/>, which its builder may include in the PCR0 that it signs.
    /// </summary>
    public required ReadOnlyMemory<byte> SignedPcr0 { get; init; }

    /// <summary>The certificate's subject, such as <c>CN=release, O=Example</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>The certificate's issuer; mostly the subject itself.</summary>
    public required string Issuer { get; init; }

    /// <summary>When the certificate's validity begins. This library compares it with no clock.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>The last second of the certificate's validity.</summary>
    public required DateTimeOffset NotAfter { get; init; }
}
