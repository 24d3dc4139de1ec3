namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>The allowlist does not have a destination; the message names both.</summary>
internal sealed class NotAllowedException(string message) : Exception(message);
