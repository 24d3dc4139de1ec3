namespace KmsTool.Protocol.Messages;

/// <summary>How often an operation was asked for.</summary>
/// <param name="Succeeded">Carried out.</param>
/// <param name="Failed">Answered with an error.</param>
public sealed record OperationCounters(long Succeeded, long Failed);
