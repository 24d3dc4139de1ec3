namespace KmsTool.Instance;

/// <summary>What the program tells the shell.</summary>
internal enum ExitCode
{
    Success = 0,

    /// <summary>The enclave or KMS said no, or the result could not be delivered.</summary>
    OperationFailed = 1,

    WrongUsage = 2,

    NoCredentials = 3,

    CouldNotConnect = 4,

    /// <summary>The peer closed early, fell silent or answered what the protocol does not allow.</summary>
    ProtocolBroken = 5,
}
