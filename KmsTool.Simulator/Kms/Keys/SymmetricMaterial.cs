using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>An AES-256 key.</summary>
internal sealed class SymmetricMaterial : KeyMaterial
{
    private readonly SensitiveBytes _key = SensitiveBytes.Allocate(32);

    public SymmetricMaterial() => RandomNumberGenerator.Fill(_key.WritableSpan);

    public ReadOnlySpan<byte> Key => _key.Span;

    public override void Dispose() => _key.Dispose();
}
