namespace KmsTool.Instance.Credentials;

/// <summary>One place that may have credentials.</summary>
/// <param name="Name">For a sentence: <c>the profile 'x'</c>.</param>
/// <param name="Advice">What to do when it has none, or does not answer.</param>
/// <param name="AskAsync">Gets them, fresh.</param>
internal sealed record CredentialOrigin(string Name, string Advice, Func<Task<FoundCredentials>> AskAsync);
