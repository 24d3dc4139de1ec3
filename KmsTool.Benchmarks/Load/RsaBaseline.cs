using System.Security.Cryptography;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>
/// The one operation that a Decrypt cannot do without: RSA-2048 with the private key. Tells machines, and a machine's moods,
/// apart: on a virtual machine the same work may cost three times the CPU time when its neighbours are busy.
/// </summary>
internal sealed class RsaBaseline : IDisposable
{
    private const int Operations = 400;

    private readonly RSA _key = RSA.Create(2048);
    private readonly byte[] _ciphertext;
    private readonly byte[] _plaintext = new byte[256];

    public RsaBaseline()
    {
        _ciphertext = _key.Encrypt(new byte[32], RSAEncryptionPadding.OaepSHA256);
        Measure();
    }

    /// <returns>CPU time of one operation, now.</returns>
    public TimeSpan Measure()
    {
        TimeSpan before = ProcessUsage.Of(Environment.ProcessId).Cpu;
        for (int i = 0; i < Operations; i++)
        {
            _key.Decrypt(_ciphertext, _plaintext, RSAEncryptionPadding.OaepSHA256);
        }

        return (ProcessUsage.Of(Environment.ProcessId).Cpu - before) / Operations;
    }

    public void Dispose() => _key.Dispose();
}
