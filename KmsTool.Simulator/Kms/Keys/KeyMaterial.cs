using System.Diagnostics;
using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The secret of a key. May be used by several threads at once; disposing of it clears it.</summary>
internal abstract class KeyMaterial : IDisposable
{
    public abstract void Dispose();
}

/// <summary>An AES-256 key.</summary>
internal sealed class SymmetricMaterial : KeyMaterial
{
    private readonly SensitiveBytes _key = SensitiveBytes.Allocate(32);

    public SymmetricMaterial() => RandomNumberGenerator.Fill(_key.WritableSpan);

    public ReadOnlySpan<byte> Key => _key.Span;

    public override void Dispose() => _key.Dispose();
}

/// <summary>A key pair.</summary>
internal abstract class AsymmetricMaterial(AsymmetricAlgorithm key) : KeyMaterial
{
    // An RSA key of 4096 bits takes some 2400 bytes.
    private const int MaxPrivateKeyLength = 4096;

    /// <summary>DER SubjectPublicKeyInfo (RFC 5280, section 4.1).</summary>
    public ReadOnlyMemory<byte> PublicKey { get; } = key.ExportSubjectPublicKeyInfo();

    /// <summary>Guards the key: .NET's keys are not thread-safe.</summary>
    protected Lock Lock { get; } = new();

    /// <summary>Gives the private key in DER PKCS #8 (RFC 5208), for data key pairs.</summary>
    public SensitiveBytes ExportPrivateKey()
    {
        using var buffer = SensitiveBytes.Allocate(MaxPrivateKeyLength);
        lock (Lock)
        {
            return key.TryExportPkcs8PrivateKey(buffer.WritableSpan, out int length)
                ? SensitiveBytes.CopyOf(buffer.Span[..length])
                : throw new UnreachableException("a private key is longer than any that the simulator makes");
        }
    }

    public override void Dispose() => key.Dispose();
}
