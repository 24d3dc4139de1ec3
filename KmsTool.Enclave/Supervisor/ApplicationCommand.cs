namespace KmsTool.Enclave.Supervisor;

/// <summary>What to run.</summary>
/// <param name="Arguments">
/// The program and its arguments. A program without a slash is looked up in the PATH of <paramref name="Environment"/>.
/// </param>
/// <param name="Environment">The whole environment of the application.</param>
/// <param name="User">As whom; <see langword="null"/> for the user of this process.</param>
internal sealed record ApplicationCommand(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, ApplicationUser? User = null);
