using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Simulator.Sts;

/// <summary>Reads the parameters of a request. Each may appear once, and an empty one counts as absent.</summary>
internal sealed class StsParameters(Dictionary<string, StringValues> form)
{
    public string? ReadOptional(string name)
    {
        if (!form.TryGetValue(name, out StringValues values))
        {
            return null;
        }

        if (values.Count > 1)
        {
            throw StsException.Validation($"{name} stands more than once");
        }

        return string.IsNullOrEmpty(values[0]) ? null : values[0];
    }

    public string ReadRequired(string name) => ReadOptional(name) ?? throw StsException.Validation($"{name} is missing");

    public int ReadInteger(string name, int defaultValue, int min, int max)
    {
        if (ReadOptional(name) is not { } text)
        {
            return defaultValue;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw StsException.Validation($"{name} must be a whole number between {min} and {max}");
    }
}

/// <summary>An error response of STS.</summary>
internal sealed class StsException(string code, string message, int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;

    public static StsException Validation(string message) => new("ValidationError", message);
}
