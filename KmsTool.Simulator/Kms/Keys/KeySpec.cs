using System.Security.Cryptography;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>A key spec of the KMS API: what kind of key material, and what KMS lets it be used for.</summary>
internal abstract record KeySpec(string Name)
{
    public static KeySpec SymmetricDefault { get; } = new Symmetric();

    /// <summary>The specs of which the simulator can make key material.</summary>
    private static KeySpec[] Known { get; } =
    [
        SymmetricDefault,
        new Rsa("RSA_2048", 2048),
        new Rsa("RSA_3072", 3072),
        new Rsa("RSA_4096", 4096),
        new EllipticCurve("ECC_NIST_P256", ECCurve.NamedCurves.nistP256, [KeyUsage.KeyAgreement, KeyUsage.SignVerify]),
        new EllipticCurve("ECC_NIST_P384", ECCurve.NamedCurves.nistP384, [KeyUsage.KeyAgreement, KeyUsage.SignVerify]),
        new EllipticCurve("ECC_NIST_P521", ECCurve.NamedCurves.nistP521, [KeyUsage.KeyAgreement, KeyUsage.SignVerify]),
        // secp256k1 (SEC 2, section A.2.1), for which .NET has no name of its own.
        new EllipticCurve("ECC_SECG_P256K1", ECCurve.CreateFromValue("1.3.132.0.10"), [KeyUsage.SignVerify]),
    ];

    private static readonly string[] OtherNames =
        ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519"];

    /// <summary>All names that KMS knows, with those of which the simulator can make nothing.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(spec => spec.Name), .. OtherNames];

    /// <summary>What KMS lets keys of this spec be used for; the simulator's keys are for the first.</summary>
    public abstract IReadOnlyList<string> Usages { get; }

    public virtual IReadOnlyList<string> EncryptionAlgorithms => [];

    public virtual IReadOnlyList<string> KeyAgreementAlgorithms => [];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="KmsException">The simulator can make no such keys.</exception>
    public static KeySpec Find(string name) =>
        Array.Find(Known, spec => spec.Name == name) ?? throw KmsException.Unsupported($"The simulator makes no keys of the spec {name}.");

    /// <summary>Makes new key material; for RSA this takes a tenth of a second and more.</summary>
    public abstract KeyMaterial Generate();

    public sealed record Symmetric() : KeySpec(EncryptionAlgorithm.SymmetricDefault)
    {
        public override IReadOnlyList<string> Usages { get; } = [KeyUsage.EncryptDecrypt];

        public override IReadOnlyList<string> EncryptionAlgorithms { get; } = [EncryptionAlgorithm.SymmetricDefault];

        public override SymmetricMaterial Generate() => new();
    }

    /// <summary>A spec whose keys are pairs.</summary>
    public abstract record Asymmetric(string Name) : KeySpec(Name)
    {
        public abstract override AsymmetricMaterial Generate();
    }

    public sealed record Rsa(string Name, int Bits) : Asymmetric(Name)
    {
        public override IReadOnlyList<string> Usages { get; } = [KeyUsage.EncryptDecrypt, KeyUsage.SignVerify];

        public override IReadOnlyList<string> EncryptionAlgorithms { get; } = [EncryptionAlgorithm.OaepSha1, EncryptionAlgorithm.OaepSha256];

        public override RsaMaterial Generate() => new(this);
    }

    public sealed record EllipticCurve(string Name, ECCurve Curve, IReadOnlyList<string> AllowedUsages) : Asymmetric(Name)
    {
        public const string Ecdh = "ECDH";

        public override IReadOnlyList<string> Usages => AllowedUsages;

        public override IReadOnlyList<string> KeyAgreementAlgorithms { get; } = AllowedUsages.Contains(KeyUsage.KeyAgreement) ? [Ecdh] : [];

        public override EllipticCurveMaterial Generate() => new(this);
    }
}

/// <summary>The values of <c>KeyUsage</c> (KMS API reference, CreateKey).</summary>
internal static class KeyUsage
{
    public const string EncryptDecrypt = "ENCRYPT_DECRYPT";
    public const string KeyAgreement = "KEY_AGREEMENT";
    public const string SignVerify = "SIGN_VERIFY";

    public static IReadOnlyList<string> All { get; } = [SignVerify, EncryptDecrypt, "GENERATE_VERIFY_MAC", KeyAgreement];
}
