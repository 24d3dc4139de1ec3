namespace KmsTool.Tests.Support;

/// <summary>A test of AF_VSOCK itself, skipped where no vsock may be opened.</summary>
internal sealed class VsockFactAttribute : FactAttribute
{
    public VsockFactAttribute()
    {
        if (!Transports.HaveVsock)
        {
            Skip = $"needs a machine whose vsock_loopback may be used ({Transports.Variable}=1)";
        }
    }
}
