using System.Globalization;

namespace KmsTool.Instance.VsockProxy;

/// <summary>The allowlist cannot be used, or does not list the destination; the message names file, line and reason.</summary>
internal sealed class AllowlistException(string path, long? line, string reason, Exception? inner = null)
    : Exception(line is null ? $"{path}: {reason}" : string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: {reason}"), inner);
