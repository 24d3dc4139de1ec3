namespace KmsTool.Simulator.Iam.Policies;

/// <summary>What a policy is asked: may this principal do this to that resource, under these circumstances?</summary>
/// <param name="Principal">Who signed the request.</param>
/// <param name="Action">For example <c>kms:Decrypt</c>.</param>
/// <param name="Resource">The ARN of the key.</param>
/// <param name="Context">The condition keys of the request.</param>
internal sealed record AuthorizationRequest(AwsPrincipal Principal, string Action, string Resource, RequestContext Context);

internal enum AuthorizationDecision
{
    /// <summary>No statement allows it.</summary>
    NotAllowed,

    /// <summary>A statement denies it, whatever others allow.</summary>
    Denied,

    Allowed,
}

/// <summary>Evaluates a key policy: a Deny that applies wins, then an Allow that applies, else nothing is allowed.</summary>
internal static class PolicyEvaluator
{
    public static AuthorizationDecision Evaluate(PolicyDocument policy, AuthorizationRequest request)
    {
        AuthorizationDecision decision = AuthorizationDecision.NotAllowed;
        foreach (PolicyStatement statement in policy.Statements)
        {
            if (!statement.Applies(request))
            {
                continue;
            }

            if (statement.Effect == PolicyEffect.Deny)
            {
                return AuthorizationDecision.Denied;
            }

            decision = AuthorizationDecision.Allowed;
        }

        return decision;
    }
}

/// <summary>The condition keys of a request, with their values as text. Names are compared without regard to case.</summary>
internal sealed class RequestContext
{
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets the values of a key: none if the request lacks the key.</summary>
    public IReadOnlyList<string> this[string key] => _values.GetValueOrDefault(key, []);

    /// <summary>Sets a key with a single value; null leaves it missing.</summary>
    public void Set(string key, string? value)
    {
        if (value is not null)
        {
            _values[key] = [value];
        }
    }

    public void SetMany(string key, IEnumerable<string> values) => _values[key] = [.. values];
}
