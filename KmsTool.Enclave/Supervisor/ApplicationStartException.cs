namespace KmsTool.Enclave.Supervisor;

/// <summary>Why an application could not be started.</summary>
internal enum ApplicationStartFailure
{
    /// <summary>Its process could not be prepared.</summary>
    NotPrepared,

    /// <summary>The program is there and cannot be executed.</summary>
    NotExecutable,

    /// <summary>There is no such program.</summary>
    NotFound,
}

/// <summary>The application could not be started.</summary>
internal sealed class ApplicationStartException(ApplicationStartFailure failure, string message) : Exception(message)
{
    public ApplicationStartFailure Failure { get; } = failure;
}
