using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Benchmarks.Micro;

/// <summary>Opening CiphertextForRecipient, beside the RSA operation that is most of it. Public because BenchmarkDotNet asks for it.</summary>
[MemoryDiagnoser]
public class RecipientBenchmark : IDisposable
{
    private readonly RecipientKeyPair _recipient = RecipientKeyPair.Generate();
    private readonly RSA _key = RSA.Create(2048);
    private readonly byte[] _plaintext = new byte[256];
    private byte[] _envelope = [];
    private byte[] _encryptedKey = [];

    [GlobalSetup]
    public void Seal()
    {
        byte[] contentKey = RandomNumberGenerator.GetBytes(32);
        _envelope = RecipientEnvelope.Seal(contentKey, _recipient.PublicKey.Span);
        _encryptedKey = _key.Encrypt(contentKey, RSAEncryptionPadding.OaepSHA256);
    }

    [Benchmark(Baseline = true)]
    public int RsaDecrypt() => _key.Decrypt(_encryptedKey, _plaintext, RSAEncryptionPadding.OaepSHA256);

    [Benchmark]
    public int Open()
    {
        using SensitiveBytes plaintext = _recipient.Open(_envelope);
        return plaintext.Length;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _recipient.Dispose();
        _key.Dispose();
        GC.SuppressFinalize(this);
    }
}
