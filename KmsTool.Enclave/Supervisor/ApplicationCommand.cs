namespace KmsTool.Enclave.Supervisor;

/// <summary>What to run.</summary>
/// <param name="Arguments">
/// The program and its arguments. A program without a slash is looked up in the PATH of this process.
/// </param>
/// <param name="Environment">The whole environment of the application.</param>
internal sealed record ApplicationCommand(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);
