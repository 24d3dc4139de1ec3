namespace KmsTool.Instance.Credentials;

/// <summary>Where credentials are to come from. What is left <see langword="null"/> is looked for as AWS programs do.</summary>
internal sealed record AwsCredentialSettings
{
    /// <summary>The only profile to ask, before the environment even.</summary>
    public string? Profile { get; init; }

    /// <summary>The role to assume with what was found.</summary>
    public string? RoleArn { get; init; }

    /// <summary>What the role's trust policy may ask for.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Names the session in CloudTrail; <see langword="null"/> for one with the host's name.</summary>
    public string? SessionName { get; init; }

    /// <summary>How long the role's credentials live, whole seconds; <see langword="null"/> for STS's default, an hour.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The region whose STS is asked; <see langword="null"/> for the caller's own.</summary>
    public string? Region { get; init; }

    /// <summary>A PEM file of the only trust anchors for STS; <see langword="null"/> for the system's.</summary>
    public string? CaBundle { get; init; }

    /// <summary>Bounds the search, then that for a region, then assuming the role; each takes 10 s at most.</summary>
    public required TimeSpan Timeout { get; init; }
}
