using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Options that several commands take.</summary>
internal static class CommonOptions
{
    private static readonly string[] LogLevels = ["trace", "debug", "information", "warning", "error", "none"];

    public static Option<string> LogLevel(LogLevel byDefault)
    {
        var option = new Option<string>("--log-level")
        {
            DefaultValueFactory = _ => byDefault.ToString().ToLowerInvariant(),
        };
        option.AcceptOnlyFromAmong(LogLevels);
        return option;
    }

    public static LogLevel ParseLogLevel(string level) => Enum.Parse<LogLevel>(level, ignoreCase: true);

    public static Option<TimeSpan> Seconds(string name, int byDefault) => new(name)
    {
        DefaultValueFactory = _ => TimeSpan.FromSeconds(byDefault),
        CustomParser = ParseSeconds,
    };

    public static uint? ParseVsockPort(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (EnclaveAddress.TryParseNumber(text, out uint port) && port is not 0 and not VsockEndPoint.AnyPort)
            return port;

        result.AddError($"'{text}' is no vsock port; use a number from 1 to 4294967294.");
        return null;
    }

    private static TimeSpan ParseSeconds(ArgumentResult result)
    {
        const double Day = 86400;
        string text = result.Tokens.Single().Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.001 and <= Day)
            return TimeSpan.FromSeconds(seconds);

        result.AddError($"'{text}' is no time; use seconds, more than 0 and at most 86400.");
        return default;
    }
}
