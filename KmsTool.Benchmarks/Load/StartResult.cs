namespace KmsTool.Benchmarks.Load;

/// <summary>One start of the enclave, in time since the process was made.</summary>
/// <param name="Ready">When it said that it listens.</param>
/// <param name="ReadyCpu">CPU time that it had used by then, of the key that is made meanwhile, too.</param>
/// <param name="FirstPlaintext">When a session begun at that moment had its plaintext; includes making the key.</param>
internal sealed record StartResult(TimeSpan Ready, TimeSpan ReadyCpu, TimeSpan FirstPlaintext);
