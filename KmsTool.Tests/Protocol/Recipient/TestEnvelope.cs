using System.Security.Cryptography;

namespace KmsTool.Tests.Protocol.Recipient;

/// <summary>
/// An envelope to <see cref="TestRecipient"/>, made without the library from pieces that can each be broken by itself.
/// The defaults are what KMS sends, except that lengths are definite.
/// </summary>
internal sealed record TestEnvelope
{
    public const string Sha1Oid = "1.3.14.3.2.26";
    public const string Sha256Oid = "2.16.840.1.101.3.4.2.1";
    public const string Mgf1Oid = "1.2.840.113549.1.1.8";
    public const string PSpecifiedOid = "1.2.840.113549.1.1.9";
    private const byte Context0 = 0xA0;
    private const byte Context1 = 0xA1;

    public static byte[] ContentKey { get; } = RandomNumberGenerator.GetBytes(32);

    public static byte[] InitializationVector { get; } = RandomNumberGenerator.GetBytes(16);

    public static byte[] Plaintext { get; } = "attack at dawn, bring coffee"u8.ToArray();

    /// <summary>How each constructed value is written; see <see cref="Ber"/>.</summary>
    public Func<byte, byte[][], byte[]> Constructed { get; init; } = Ber.Constructed;

    public string ContentType { get; init; } = "1.2.840.113549.1.7.3";

    public byte[] Version { get; init; } = Ber.Integer(2);

    public byte[] OriginatorInfo { get; init; } = [];

    public byte[] RecipientVersion { get; init; } = Ber.Integer(2);

    public byte[] RecipientIdentifier { get; init; } = Ber.Primitive(0x80, new byte[32]);

    public string KeyEncryption { get; init; } = "1.2.840.113549.1.1.7";

    /// <summary>Null: OAEP with SHA-256 and MGF1-SHA-256.</summary>
    public byte[]? KeyEncryptionParameters { get; init; }

    public byte[] EncryptedKey { get; init; } = Ber.Octets(TestRecipient.Key.Encrypt(ContentKey, RSAEncryptionPadding.OaepSHA256));

    public byte[] AfterEncryptedKey { get; init; } = [];

    /// <summary>The recipient infos, given the one that the properties above describe.</summary>
    public Func<byte[], byte[][]> Recipients { get; init; } = recipient => [recipient];

    public string InnerContentType { get; init; } = "1.2.840.113549.1.7.1";

    public string ContentEncryption { get; init; } = "2.16.840.1.101.3.4.1.42";

    public byte[] ContentEncryptionParameters { get; init; } = Ber.Octets(InitializationVector);

    /// <summary>The [0] of the encrypted content, tag and all.</summary>
    public byte[] Content { get; init; } = Ber.Primitive(0x80, Encrypt(Plaintext));

    public byte[] UnprotectedAttributes { get; init; } = [];

    public byte[] AfterEncryptedContent { get; init; } = [];

    public byte[] AfterEnvelopedData { get; init; } = [];

    public byte[] AfterExplicitContent { get; init; } = [];

    public byte[] AfterContentInfo { get; init; } = [];

    public byte[] Encode() =>
    [
        .. Constructed(Ber.Sequence, [Ber.Oid(ContentType), Constructed(Context0, [EnvelopedData(), AfterEnvelopedData]), AfterExplicitContent]),
        .. AfterContentInfo,
    ];

    public static byte[] Encrypt(byte[] plaintext)
    {
        using var aes = Aes.Create();
        aes.SetKey(ContentKey);
        return aes.EncryptCbc(plaintext, InitializationVector);
    }

    /// <summary>Encrypts what already is padded, rightly or wrongly.</summary>
    public static byte[] EncryptPadded(byte[] padded)
    {
        using var aes = Aes.Create();
        aes.SetKey(ContentKey);
        return aes.EncryptCbc(padded, InitializationVector, PaddingMode.None);
    }

    /// <summary>OAEP parameters; a null <paramref name="source"/> is left out.</summary>
    public byte[] OaepParameters(byte[] hash, byte[] mask, byte[]? source = null) =>
        Constructed(Ber.Sequence, [hash, mask, source ?? []]);

    public byte[] HashAlgorithm(string oid, byte[]? parameters = null) =>
        Constructed(Context0, [Algorithm(oid, parameters ?? Ber.Null)]);

    public byte[] MaskAlgorithm(string oid, string hashOid) =>
        Constructed(Context1, [Algorithm(oid, Algorithm(hashOid, Ber.Null))]);

    public byte[] Algorithm(string oid, byte[] parameters) => Constructed(Ber.Sequence, [Ber.Oid(oid), parameters]);

    private byte[] EnvelopedData() => Constructed(
        Ber.Sequence,
        [
            Version,
            OriginatorInfo,
            Constructed(Ber.Set, Recipients(Recipient())),
            Constructed(Ber.Sequence, [Ber.Oid(InnerContentType), Algorithm(ContentEncryption, ContentEncryptionParameters), Content, AfterEncryptedContent]),
            UnprotectedAttributes,
        ]);

    private byte[] Recipient() => Constructed(
        Ber.Sequence,
        [
            RecipientVersion,
            RecipientIdentifier,
            Algorithm(KeyEncryption, KeyEncryptionParameters ?? OaepParameters(HashAlgorithm(Sha256Oid), MaskAlgorithm(Mgf1Oid, Sha256Oid))),
            EncryptedKey,
            AfterEncryptedKey,
        ]);
}
