using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

public sealed class RecipientKeyPairTests
{
    private static readonly TestEnvelope Good = new();

    /// <summary>Each changes one thing in an envelope that opens. Whatever can still be decrypted is, were the rule not there.</summary>
    internal static readonly Dictionary<string, Func<TestEnvelope, TestEnvelope>> Broken = new()
    {
        ["signed data"] = e => e with { ContentType = "1.2.840.113549.1.7.2" },
        ["version 0"] = e => e with { Version = Ber.Integer(0) },
        ["version 3"] = e => e with { Version = Ber.Integer(3) },
        ["originator info"] = e => e with { OriginatorInfo = Ber.Constructed(0xA0) },
        ["recipient version 0"] = e => e with { RecipientVersion = Ber.Integer(0) },
        ["key identifier of 31 bytes"] = e => e with { RecipientIdentifier = Ber.Primitive(0x80, new byte[31]) },
        ["key identifier of 33 bytes"] = e => e with { RecipientIdentifier = Ber.Primitive(0x80, new byte[33]) },
        ["constructed key identifier"] = e => e with { RecipientIdentifier = Ber.Constructed(0xA0, Ber.Octets(new byte[32])) },
        ["issuer and serial number"] = e => e with { RecipientIdentifier = Ber.Constructed(Ber.Sequence, Ber.Constructed(Ber.Sequence), Ber.Integer(1)) },
        ["no recipient"] = e => e with { Recipients = _ => [] },
        ["two recipients"] = e => e with { Recipients = recipient => [recipient, recipient] },
        ["key agreement recipient"] = e => e with { Recipients = recipient => [[0xA1, .. recipient[1..]]] },
        ["PKCS #1 v1.5 by its name"] = e => e with { KeyEncryption = "1.2.840.113549.1.1.1" },
        ["OAEP without parameters"] = e => e with { KeyEncryptionParameters = [] },
        ["OAEP with null parameters"] = e => e with { KeyEncryptionParameters = Ber.Null },
        ["OAEP with default parameters"] = e => e with { KeyEncryptionParameters = Ber.Constructed(Ber.Sequence) },
        ["OAEP without mask generation"] = e => e with { KeyEncryptionParameters = Ber.Constructed(Ber.Sequence, e.HashAlgorithm(TestEnvelope.Sha256Oid)) },
        ["OAEP without hash"] = e => e with { KeyEncryptionParameters = Ber.Constructed(Ber.Sequence, e.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid)) },
        ["OAEP with SHA-1"] = e => e with { KeyEncryptionParameters = e.OaepParameters(e.HashAlgorithm(TestEnvelope.Sha1Oid), e.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid)) },
        ["MGF1 with SHA-1"] = e => e with { KeyEncryptionParameters = e.OaepParameters(e.HashAlgorithm(TestEnvelope.Sha256Oid), e.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha1Oid)) },
        ["other mask generation"] = e => e with { KeyEncryptionParameters = e.OaepParameters(e.HashAlgorithm(TestEnvelope.Sha256Oid), e.MaskAlgorithm("1.2.3", TestEnvelope.Sha256Oid)) },
        ["hash with parameters"] = e => e with { KeyEncryptionParameters = e.OaepParameters(e.HashAlgorithm(TestEnvelope.Sha256Oid, Ber.Integer(1)), e.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid)) },
        ["label"] = e => e with { KeyEncryptionParameters = WithSource(e, TestEnvelope.PSpecifiedOid, Ber.Octets(1)) },
        ["other label source"] = e => e with { KeyEncryptionParameters = WithSource(e, "1.2.3", Ber.Octets()) },
        ["more in the label source"] = e => e with { KeyEncryptionParameters = WithSource(e, TestEnvelope.PSpecifiedOid, [.. Ber.Octets(), .. Ber.Null]) },
        ["two hashes"] = e => e with { KeyEncryptionParameters = e.OaepParameters([.. e.HashAlgorithm(TestEnvelope.Sha256Oid), .. e.HashAlgorithm(TestEnvelope.Sha256Oid)], e.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid)) },
        ["constructed encrypted key"] = e => e with { EncryptedKey = Ber.Constructed(0x24, e.EncryptedKey) },
        ["encrypted key of 255 bytes"] = e => e with { EncryptedKey = Ber.Octets(new byte[255]) },
        ["encrypted key of 257 bytes"] = e => e with { EncryptedKey = Ber.Octets([0, .. e.EncryptedKey[4..]]) },
        ["empty encrypted key"] = e => e with { EncryptedKey = Ber.Octets() },
        ["encrypted key of zeros"] = e => e with { EncryptedKey = Ber.Octets(new byte[256]) },
        ["encrypted key above the modulus"] = e => e with { EncryptedKey = Ber.Octets([.. Enumerable.Repeat((byte)0xFF, 256)]) },
        ["key encrypted with PKCS #1 v1.5"] = e => e with { EncryptedKey = Ber.Octets(TestRecipient.Key.Encrypt(TestEnvelope.ContentKey, RSAEncryptionPadding.Pkcs1)) },
        ["key encrypted with OAEP and SHA-1"] = e => e with { EncryptedKey = Ber.Octets(TestRecipient.Key.Encrypt(TestEnvelope.ContentKey, RSAEncryptionPadding.OaepSHA1)) },
        ["content key of 16 bytes"] = e => e with { EncryptedKey = EncryptKey(TestEnvelope.ContentKey[..16]) },
        ["content key of 31 bytes"] = e => e with { EncryptedKey = EncryptKey(TestEnvelope.ContentKey[..31]) },
        ["content key of 33 bytes"] = e => e with { EncryptedKey = EncryptKey([.. TestEnvelope.ContentKey, 0]) },
        ["empty content key"] = e => e with { EncryptedKey = EncryptKey([]) },
        ["signed data inside"] = e => e with { InnerContentType = "1.2.840.113549.1.7.2" },
        ["AES-128-CBC"] = e => e with { ContentEncryption = "2.16.840.1.101.3.4.1.2" },
        ["AES-256-GCM"] = e => e with { ContentEncryption = "2.16.840.1.101.3.4.1.46" },
        ["initialization vector of 15 bytes"] = e => e with { ContentEncryptionParameters = Ber.Octets(new byte[15]) },
        ["initialization vector of 17 bytes"] = e => e with { ContentEncryptionParameters = Ber.Octets([.. TestEnvelope.InitializationVector, 0]) },
        ["no initialization vector"] = e => e with { ContentEncryptionParameters = [] },
        ["initialization vector in a sequence"] = e => e with { ContentEncryptionParameters = Ber.Constructed(Ber.Sequence, e.ContentEncryptionParameters) },
        ["no content"] = e => e with { Content = [] },
        ["empty content"] = e => e with { Content = Ber.Primitive(0x80) },
        ["constructed content of nothing"] = e => e with { Content = Ber.Constructed(0xA0) },
        ["constructed content of an empty string"] = e => e with { Content = Ber.Constructed(0xA0, Ber.Octets()) },
        ["content of half a block more"] = e => e with { Content = Ber.Primitive(0x80, [.. TestEnvelope.Encrypt(TestEnvelope.Plaintext), .. new byte[8]]) },
        ["content of 15 bytes"] = e => e with { Content = Ber.Primitive(0x80, new byte[15]) },
        ["content tagged [1]"] = e => e with { Content = Ber.Primitive(0x81, TestEnvelope.Encrypt(TestEnvelope.Plaintext)) },
        ["constructed content tagged [1]"] = e => e with { Content = Ber.Constructed(0xA1, Ber.Octets(TestEnvelope.Encrypt(TestEnvelope.Plaintext))) },
        ["content as OCTET STRING"] = e => e with { Content = Ber.Octets(TestEnvelope.Encrypt(TestEnvelope.Plaintext)) },
        ["chunk that is constructed itself"] = e => e with { Content = Ber.Constructed(0xA0, Ber.Constructed(0x24, Ber.Octets(TestEnvelope.Encrypt(TestEnvelope.Plaintext)))) },
        ["chunk that is no OCTET STRING"] = e => e with { Content = Ber.Constructed(0xA0, Ber.Octets(TestEnvelope.Encrypt(TestEnvelope.Plaintext)), Ber.Null) },
        ["chunk that is [0]"] = e => e with { Content = Ber.Constructed(0xA0, Ber.Primitive(0x80, TestEnvelope.Encrypt(TestEnvelope.Plaintext))) },
        ["unprotected attributes"] = e => e with { UnprotectedAttributes = Ber.Constructed(0xA1) },
        ["more after the encrypted key"] = e => e with { AfterEncryptedKey = Ber.Null },
        ["more after the content"] = e => e with { AfterEncryptedContent = Ber.Null },
        ["more after the enveloped data"] = e => e with { AfterEnvelopedData = Ber.Null },
        ["more after the explicit content"] = e => e with { AfterExplicitContent = Ber.Null },
        ["trailing byte"] = e => e with { AfterContentInfo = [0x00] },
        ["trailing end of contents"] = e => e with { AfterContentInfo = [0x00, 0x00] },
        ["padding of 0"] = e => e with { Content = Padded(new byte[16]) },
        ["padding of 17"] = e => e with { Content = Padded([.. Enumerable.Repeat((byte)17, 32)]) },
        ["padding of 255"] = e => e with { Content = Padded([.. Enumerable.Repeat((byte)255, 256)]) },
        ["padding of 128"] = e => e with { Content = Padded([.. Enumerable.Repeat((byte)128, 128)]) },
        ["padding with its first byte wrong"] = e => e with { Content = Padded([.. new byte[13], 9, 3, 3]) },
        ["padding with its middle byte wrong"] = e => e with { Content = Padded([.. new byte[13], 3, 9, 3]) },
        ["whole block of padding with its first byte wrong"] = e => e with { Content = Padded([9, .. Enumerable.Repeat((byte)16, 15)]) },
    };

    public static TheoryData<string> Cases => [.. Broken.Keys];

    public static TheoryData<int, int?> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int?>();
            foreach (int length in new[] { 0, 1, 15, 16, 17, 1024, 4096 })
            {
                foreach (int? chunks in new int?[] { null, 1, 2, 16 })
                {
                    shapes.Add(length, chunks);
                }
            }
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Open_what_Seal_made_in_any_shape_gives_the_plaintext(int length, int? chunks)
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(length);
        RecipientEnvelopeShape shape = chunks is { } count ? RecipientEnvelopeShape.Constructed(count) : RecipientEnvelopeShape.Primitive;

        byte[] envelope = RecipientEnvelope.Seal(plaintext, TestRecipient.KeyPair.PublicKey.Span, shape);
        using SensitiveBytes opened = TestRecipient.KeyPair.Open(envelope);

        Assert.Equal(plaintext, opened.Span.ToArray());
    }

    [Fact]
    public void Open_handmade_envelope_of_definite_lengths_gives_the_plaintext() => AssertOpens(Good);

    [Fact]
    public void Open_handmade_envelope_of_indefinite_lengths_gives_the_plaintext() =>
        AssertOpens(Good with
        {
            Constructed = Ber.Indefinite,
            KeyEncryptionParameters = null,
            Content = Ber.Indefinite(0xA0, Ber.Octets(TestEnvelope.Encrypt(TestEnvelope.Plaintext))),
        });

    [Fact]
    public void Open_any_mixture_of_definite_and_indefinite_lengths_gives_the_plaintext()
    {
        var random = new Random(20260314);
        for (int i = 0; i < 200; i++)
        {
            AssertOpens(Good with { Constructed = (tag, items) => random.Next(2) == 0 ? Ber.Constructed(tag, items) : Ber.Indefinite(tag, items) });
        }
    }

    [Fact]
    public void Open_content_in_chunks_of_any_size_gives_the_plaintext()
    {
        byte[] ciphertext = TestEnvelope.Encrypt(TestEnvelope.Plaintext);

        AssertOpens(Good with { Content = Ber.Constructed(0xA0, Ber.Octets(ciphertext[..1]), Ber.Octets(), Ber.Octets(ciphertext[1..])) });
        AssertOpens(Good with { Content = Ber.Indefinite(0xA0, [.. ciphertext.Select(value => Ber.Octets(value))]) });
    }

    [Fact]
    public void Open_OAEP_parameters_in_their_other_spellings_gives_the_plaintext()
    {
        byte[] mask = Good.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid);

        AssertOpens(Good with { KeyEncryptionParameters = Good.OaepParameters(Good.HashAlgorithm(TestEnvelope.Sha256Oid, []), mask) });
        AssertOpens(Good with { KeyEncryptionParameters = WithSource(Good, TestEnvelope.PSpecifiedOid, Ber.Octets()) });
    }

    [Fact]
    public void Open_whole_block_of_padding_is_an_empty_plaintext()
    {
        using SensitiveBytes opened = TestRecipient.KeyPair.Open((Good with { Content = Padded([.. Enumerable.Repeat((byte)16, 16)]) }).Encode());

        Assert.Equal(0, opened.Length);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Open_envelope_that_breaks_a_rule_fails_uniformly(string what)
    {
        AssertFailsUniformly((Broken[what](Good)).Encode());
        AssertFailsUniformly((Broken[what](Good with { Constructed = Ber.Indefinite })).Encode());
    }

    [Fact]
    public void Open_envelope_of_another_key_fails_uniformly()
    {
        using var other = RSA.Create(2048);

        AssertFailsUniformly(RecipientEnvelope.Seal([1, 2, 3], other.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public void Open_encrypted_keys_that_do_not_decrypt_never_open_by_luck()
    {
        // The random key that stands in for them gives a right padding once in 256 times.
        byte[] envelope = (Good with { EncryptedKey = Ber.Octets(new byte[256]) }).Encode();

        for (int i = 0; i < 1000; i++)
        {
            AssertFailsUniformly(envelope);
        }
    }

    /// <summary>An exception costs more than all else that a failure could differ in.</summary>
    [Theory]
    [InlineData("encrypted key of zeros")]
    [InlineData("content key of 31 bytes")]
    [InlineData("empty content key")]
    [InlineData("padding of 0")]
    public void Open_that_fails_throws_as_often_whatever_is_wrong(string what)
    {
        byte[] envelope = Broken[what](Good).Encode();
        int thread = Environment.CurrentManagedThreadId;
        List<Type> thrown = [];
        void count(object? sender, FirstChanceExceptionEventArgs e)
        {
            if (Environment.CurrentManagedThreadId == thread)
            {
                thrown.Add(e.Exception.GetType());
            }
        }

        AppDomain.CurrentDomain.FirstChanceException += count;
        try
        {
            AssertFailsUniformly(envelope);
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= count;
        }

        Assert.Equal(2, thrown.Count);
        Assert.True(thrown[0].IsAssignableTo(typeof(CryptographicException)), thrown[0].FullName);
        Assert.Equal(typeof(RecipientEnvelopeException), thrown[1]);
    }

    /// <summary>Shown by what is allocated for the content: a key that is wrong spares no work on it (RFC 3218 section 2.3).</summary>
    [Fact]
    public void Open_that_fails_decrypts_the_content_whatever_is_wrong()
    {
        const int Longer = 4096;
        static TestEnvelope withContent(int length) => Good with { Content = Padded(new byte[length]) };
        static long allocated(TestEnvelope envelope)
        {
            byte[] encoded = envelope.Encode();
            AssertFailsUniformly(encoded);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<RecipientEnvelopeException>(() => TestRecipient.KeyPair.Open(encoded));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static long ofContent(Func<TestEnvelope, TestEnvelope> change) =>
            allocated(change(withContent(16 + Longer))) - allocated(change(withContent(16)));

        long ofBadPadding = ofContent(envelope => envelope);

        Assert.InRange(ofBadPadding, Longer / 2, long.MaxValue);
        foreach (string key in (string[])["encrypted key of zeros", "content key of 31 bytes", "empty content key"])
        {
            Assert.InRange(ofContent(Broken[key]), ofBadPadding - (Longer / 2), ofBadPadding + (Longer / 2));
        }
    }

    [Fact]
    public void Open_respects_the_size_of_an_envelope()
    {
        int overhead = RecipientEnvelope.Seal(new byte[5599], TestRecipient.KeyPair.PublicKey.Span, RecipientEnvelopeShape.Primitive).Length - 5600;
        byte[] plaintext = new byte[((6144 - overhead) / 16 * 16) - 1];
        byte[] largest = RecipientEnvelope.Seal(plaintext, TestRecipient.KeyPair.PublicKey.Span, RecipientEnvelopeShape.Primitive);

        Assert.InRange(largest.Length, 6144 - 15, 6144);
        using SensitiveBytes opened = TestRecipient.KeyPair.Open(largest);
        Assert.Equal(plaintext.Length, opened.Length);
        AssertFailsUniformly(RecipientEnvelope.Seal(new byte[plaintext.Length + 16], TestRecipient.KeyPair.PublicKey.Span, RecipientEnvelopeShape.Primitive));
    }

    [Fact]
    public void Open_deeply_nested_envelope_fails_uniformly()
    {
        byte[] open = [.. Enumerable.Repeat(new byte[] { 0x30, 0x80 }, 3072).SelectMany(header => header)];
        byte[] closed = [.. open[..3072], .. new byte[3072]];

        AssertFailsUniformly(open);
        AssertFailsUniformly(closed);
    }

    [Fact]
    public async Task Open_from_many_threads_at_once_gives_each_its_plaintext()
    {
        byte[][] plaintexts = [.. Enumerable.Range(0, 64).Select(i => new[] { (byte)i })];
        byte[][] envelopes = [.. plaintexts.Select(plaintext => RecipientEnvelope.Seal(plaintext, TestRecipient.KeyPair.PublicKey.Span))];

        byte[][] opened = await Task.WhenAll(envelopes.Select(envelope => Task.Run(() =>
        {
            using SensitiveBytes plaintext = TestRecipient.KeyPair.Open(envelope);
            return plaintext.Span.ToArray();
        })));

        Assert.Equal(plaintexts, opened);
    }

    [Fact]
    public void Generate_gives_a_public_key_of_2048_bits_that_is_new_each_time()
    {
        using var one = RecipientKeyPair.Generate();
        using var two = RecipientKeyPair.Generate();
        using var imported = RSA.Create();
        imported.ImportSubjectPublicKeyInfo(one.PublicKey.Span, out int read);

        Assert.Equal((one.PublicKey.Length, 2048), (read, imported.KeySize));
        Assert.False(one.PublicKey.Span.SequenceEqual(two.PublicKey.Span));
    }

    [Fact]
    public void Dispose_ends_the_use_of_the_key()
    {
        var keyPair = RecipientKeyPair.Generate();
        byte[] envelope = RecipientEnvelope.Seal([1], keyPair.PublicKey.Span);

        keyPair.Dispose();

        Assert.Throws<ObjectDisposedException>(() => keyPair.Open(envelope));
    }

    internal static void AssertFailsUniformly(ReadOnlyMemory<byte> envelope)
    {
        RecipientEnvelopeException exception = Assert.Throws<RecipientEnvelopeException>(() => TestRecipient.KeyPair.Open(envelope));

        Assert.Equal(("CiphertextForRecipient cannot be opened with this enclave's key", null), (exception.Message, exception.InnerException));
    }

    private static void AssertOpens(TestEnvelope envelope)
    {
        using SensitiveBytes opened = TestRecipient.KeyPair.Open(envelope.Encode());
        Assert.Equal(TestEnvelope.Plaintext, opened.Span.ToArray());
    }

    private static byte[] EncryptKey(byte[] key) => Ber.Octets(TestRecipient.Key.Encrypt(key, RSAEncryptionPadding.OaepSHA256));

    private static byte[] Padded(byte[] padded) => Ber.Primitive(0x80, TestEnvelope.EncryptPadded(padded));

    private static byte[] WithSource(TestEnvelope envelope, string oid, byte[] parameters) => envelope.OaepParameters(
        envelope.HashAlgorithm(TestEnvelope.Sha256Oid),
        envelope.MaskAlgorithm(TestEnvelope.Mgf1Oid, TestEnvelope.Sha256Oid),
        envelope.Constructed(0xA2, [envelope.Algorithm(oid, parameters)]));
}
