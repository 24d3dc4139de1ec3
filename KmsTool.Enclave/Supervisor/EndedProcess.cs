namespace KmsTool.Enclave.Supervisor;

/// <summary>A process that has ended and been reaped.</summary>
/// <param name="Id">What its number was.</param>
/// <param name="Status">How it ended, in the form of wait(2).</param>
internal readonly record struct EndedProcess(int Id, int Status)
{
    /// <summary>The signal that ended it, if one did.</summary>
    public Signal? Signal => (Status & 0x7F) is var number and not 0 ? (Signal)number : null;

    /// <summary>Its exit status; as in shells, 128 and the signal's number if a signal ended it.</summary>
    public int ExitStatus => Signal is { } signal ? 128 + (int)signal : (Status >> 8) & 0xFF;
}
