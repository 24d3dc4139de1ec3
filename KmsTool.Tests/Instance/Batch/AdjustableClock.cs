namespace KmsTool.Tests.Instance.Batch;

/// <summary>The machine's clock, which a test can put forward; time that was measured with it has then passed, too.</summary>
internal sealed class AdjustableClock : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Offset.TotalSeconds * TimestampFrequency);
}
