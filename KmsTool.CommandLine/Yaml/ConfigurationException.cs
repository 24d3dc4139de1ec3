using System.Globalization;

namespace KmsTool.CommandLine.Yaml;

/// <summary>A configuration file cannot be used; the message names file, line and reason.</summary>
internal sealed class ConfigurationException(string path, long? line, string reason, Exception? inner = null)
    : Exception(line is null ? $"{path}: {reason}" : string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: {reason}"), inner);
