using System.Security.Cryptography;

namespace KmsTool.Simulator.Kms;

/// <summary>A symmetric KMS key.</summary>
internal sealed class KmsKey(Guid id, string arn, string description, DateTimeOffset createdAt, KeyPolicy policy)
{
    private readonly byte[] _material = RandomNumberGenerator.GetBytes(32);
    private volatile KeyPolicy _policy = policy;

    public Guid Id { get; } = id;

    public string Arn { get; } = arn;

    public string Description { get; } = description;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    public KeyPolicy Policy
    {
        get => _policy;
        set => _policy = value;
    }

    /// <summary>The AES-256 key.</summary>
    public ReadOnlySpan<byte> Material => _material;
}
