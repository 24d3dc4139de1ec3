namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The secret of a key. May be used by several threads at once; disposing of it clears it.</summary>
internal abstract class KeyMaterial : IDisposable
{
    public abstract void Dispose();
}
