namespace KmsTool.Simulator.Commands;

/// <summary>The program's exit codes.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failed = 1;
    public const int Usage = 2;
}
