namespace KmsTool.Simulator.Pki;

/// <summary>The period in which a certificate is valid.</summary>
internal readonly record struct Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>From a while before a moment, for clocks that are slow, until a while after it.</summary>
    public static Validity Around(DateTimeOffset moment, TimeSpan before, TimeSpan after) => new(moment - before, moment + after);

    /// <summary>What lies within another period: a certificate must not outlive its issuer.</summary>
    public Validity Within(Validity outer) => new(
        NotBefore > outer.NotBefore ? NotBefore : outer.NotBefore,
        NotAfter < outer.NotAfter ? NotAfter : outer.NotAfter);
}
