namespace KmsTool.Tests.Support;

/// <summary>A test that needs to be root on Linux, and is skipped elsewhere.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            Skip = "needs root on Linux";
        }
    }
}
