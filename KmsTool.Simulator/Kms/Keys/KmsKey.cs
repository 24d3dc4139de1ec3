namespace KmsTool.Simulator.Kms.Keys;

/// <summary>A KMS key. It owns its material.</summary>
internal sealed class KmsKey(Guid id, string arn, KeySpec spec, KeyMaterial material, KeyPolicy policy) : IDisposable
{
    private volatile KeyPolicy _policy = policy;

    public Guid Id { get; } = id;

    public string Arn { get; } = arn;

    public KeySpec Spec { get; } = spec;

    public string Usage => Spec.Usages[0];

    public KeyMaterial Material { get; } = material;

    public required string Description { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public KeyPolicy Policy
    {
        get => _policy;
        set => _policy = value;
    }

    /// <exception cref="KmsException">InvalidKeyUsageException: the key is not for this.</exception>
    public void RequireUsage(string usage, string operation)
    {
        if (Usage != usage)
        {
            throw KmsException.InvalidKeyUsage($"{Arn} key usage is {Usage} which is not valid for {operation}.");
        }
    }

    public void Dispose() => Material.Dispose();
}
