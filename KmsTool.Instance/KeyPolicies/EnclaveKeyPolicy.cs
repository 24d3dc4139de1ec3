namespace KmsTool.Instance.KeyPolicies;

/// <summary>Who may do what with a key that is meant for an enclave.</summary>
internal sealed record EnclaveKeyPolicy
{
    /// <summary>The role of the instance, whose credentials the enclave uses.</summary>
    public required string RoleArn { get; init; }

    /// <summary>Whoever may change the policy, and so everything.</summary>
    public required string AdministratorArn { get; init; }

    /// <summary>What the enclave must be measured as, 48 bytes each, by index; at least one.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs { get; init; }

    public required KeyPolicyOperations Operations { get; init; }

    /// <summary>Whether everybody else is denied them, whatever other statements, grants and IAM policies allow.</summary>
    public bool DeniesOthers { get; init; }
}
