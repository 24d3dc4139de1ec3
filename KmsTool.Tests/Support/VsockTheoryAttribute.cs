namespace KmsTool.Tests.Support;

/// <summary>A <see cref="VsockFactAttribute"/> with arguments.</summary>
internal sealed class VsockTheoryAttribute : TheoryAttribute
{
    public VsockTheoryAttribute()
    {
        if (!Transports.HaveVsock)
        {
            Skip = $"needs a machine whose vsock_loopback may be used ({Transports.Variable}=1)";
        }
    }
}
