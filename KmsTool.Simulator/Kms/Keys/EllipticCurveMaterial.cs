using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

internal sealed class EllipticCurveMaterial : AsymmetricMaterial
{
    private readonly KeySpec.EllipticCurve _spec;
    private readonly ECDiffieHellman _key;

    public EllipticCurveMaterial(KeySpec.EllipticCurve spec)
        : this(spec, ECDiffieHellman.Create(spec.Curve))
    {
    }

    private EllipticCurveMaterial(KeySpec.EllipticCurve spec, ECDiffieHellman key)
        : base(key)
    {
        _spec = spec;
        _key = key;
    }

    /// <summary>Derives the raw secret, the x coordinate (SP 800-56A revision 3, section 5.7.1.2).</summary>
    /// <param name="peerPublicKey">DER SubjectPublicKeyInfo.</param>
    /// <exception cref="KmsException">ValidationException: it is not a public key of the same curve.</exception>
    public SensitiveBytes DeriveSharedSecret(ReadOnlySpan<byte> peerPublicKey)
    {
        using ECDiffieHellman peer = Import(peerPublicKey);
        using ECDiffieHellmanPublicKey peerKey = peer.PublicKey;
        byte[] secret;
        lock (Lock)
        {
            secret = _key.DeriveRawSecretAgreement(peerKey);
        }

        try
        {
            return SensitiveBytes.CopyOf(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private ECDiffieHellman Import(ReadOnlySpan<byte> publicKey)
    {
        var peer = ECDiffieHellman.Create();
        try
        {
            peer.ImportSubjectPublicKeyInfo(publicKey, out _);
            ECCurve curve = peer.ExportParameters(includePrivateParameters: false).Curve;
            // A key has one encoding: what follows it, or curves spelt out, would be another.
            if (curve.IsNamed && curve.Oid.Value == _spec.Curve.Oid.Value && publicKey.SequenceEqual(peer.ExportSubjectPublicKeyInfo()))
            {
                return peer;
            }
        }
        catch (CryptographicException)
        {
            // It is refused below.
        }

        peer.Dispose();
        throw KmsException.Validation($"PublicKey must be the DER SubjectPublicKeyInfo of a public key of the key's curve, {_spec.Name}.");
    }
}
