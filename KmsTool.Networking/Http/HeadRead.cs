namespace KmsTool.Networking.Http;

/// <summary>What came of reading a request's head.</summary>
/// <param name="Head">The head, if one came.</param>
/// <param name="Rest">What the peer has sent after it.</param>
/// <param name="Refusal">The answer that the peer is owed in place of what it asked for; <see langword="null"/> with a head, or where the peer has gone.</param>
internal readonly record struct HeadRead(RequestHead? Head, ReadOnlyMemory<byte> Rest, HttpAnswer? Refusal);
