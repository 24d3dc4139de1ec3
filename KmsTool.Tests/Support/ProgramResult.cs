using System.Text;

namespace KmsTool.Tests.Support;

/// <summary>What a program left when it ended.</summary>
internal sealed record ProgramResult(int ExitCode, byte[] OutputBytes, string Error)
{
    public string Output => Encoding.UTF8.GetString(OutputBytes);
}
