namespace KmsTool.Benchmarks.Proxy;

/// <summary>What a client wants of the <see cref="Destination"/>: the first byte that it sends.</summary>
internal enum Service : byte
{
    /// <summary>The byte comes back, and the destination closes the connection.</summary>
    Exchange,

    /// <summary>Everything comes back until the client closes its side.</summary>
    Echo,

    /// <summary>Everything is taken, and counted, until the client closes its side.</summary>
    Sink,

    /// <summary>Bytes come until <see cref="Destination.EndSources"/>.</summary>
    Source,

    /// <summary>The byte comes back, and then nothing.</summary>
    Hold,
}
