using KmsTool.CommandLine;

namespace KmsTool.Instance.Credentials;

/// <summary>The sentence with which a search for credentials ends in vain.</summary>
internal static class CredentialFailure
{
    /// <param name="reason">What happened. Never an exception's text that may quote a file or an answer: either may hold secrets.</param>
    /// <param name="advice">What to do next.</param>
    /// <param name="cause">The exception behind it.</param>
    public static CommandFailedException Create(string reason, string advice, Exception? cause = null) =>
        new(ExitCode.NoCredentials, $"Could not get credentials: {reason}; {advice}.", cause);
}
