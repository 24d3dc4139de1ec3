namespace KmsTool.Instance.VsockProxy;

/// <summary>A destination that is allowed.</summary>
/// <param name="Host">Name or IP address.</param>
/// <param name="Port">TCP port.</param>
internal sealed record AllowlistEntry(string Host, ushort Port);
