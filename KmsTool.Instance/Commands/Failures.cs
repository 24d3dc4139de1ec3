using KmsTool.CommandLine;

namespace KmsTool.Instance.Commands;

/// <summary>Gives each failure of a feature its exit code and the advice that names options.</summary>
internal static class Failures
{
    /// <returns><see langword="null"/> for an exception that is a defect of this program.</returns>
    public static CommandFailedException? Describe(Exception exception) => exception switch
    {
        _ => null,
    };
}
