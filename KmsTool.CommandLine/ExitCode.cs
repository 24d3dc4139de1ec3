namespace KmsTool.CommandLine;

/// <summary>What a program tells the shell.</summary>
internal enum ExitCode
{
    Success = 0,

    /// <summary>The operation failed: the enclave or KMS said no, or the result could not be delivered.</summary>
    OperationFailed = 1,

    WrongUsage = 2,

    NoCredentials = 3,

    CouldNotConnect = 4,

    /// <summary>The peer closed early, fell silent or answered what the protocol does not allow.</summary>
    ProtocolBroken = 5,

    /// <summary>The program that was to be run is there and cannot be executed; as in shells.</summary>
    NotExecutable = 126,

    /// <summary>The program that was to be run was not found; as in shells.</summary>
    ProgramNotFound = 127,
}
