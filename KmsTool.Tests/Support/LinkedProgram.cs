namespace KmsTool.Tests.Support;

/// <summary>A link to a program of this solution under another name, in a directory of the test's.</summary>
internal static class LinkedProgram
{
    /// <returns>The link's path.</returns>
    public static string Create(TempDirectory directory, string program, string name)
    {
        File.CreateSymbolicLink(directory[name], Path.Combine(AppContext.BaseDirectory, program));
        return directory[name];
    }
}
