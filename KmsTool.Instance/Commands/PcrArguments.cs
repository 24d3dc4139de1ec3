using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using KmsTool.CommandLine;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Instance.Commands;

/// <summary><c>--pcr N=HEX</c>, as often as there are PCRs.</summary>
internal sealed class PcrArguments
{
    private const int Digits = SHA384.HashSizeInBytes * 2;

    private readonly Option<string[]> _pcrs = new("--pcr");

    public void AddTo(Command command) => command.Add(_pcrs);

    /// <summary>Whether there is one at all.</summary>
    public bool IsGiven(ParseResult parseResult) => parseResult.GetResult(_pcrs) is { Implicit: false };

    /// <returns>48 bytes each, by index; empty where none is given.</returns>
    /// <exception cref="CommandFailedException">A value is not of the right form, or a PCR is given twice.</exception>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Bind(ParseResult parseResult)
    {
        var pcrs = new Dictionary<int, ReadOnlyMemory<byte>>();
        foreach (string text in parseResult.GetValue(_pcrs) ?? [])
        {
            string[] pair = text.Split('=', 2);
            if (pair.Length != 2 || !int.TryParse(pair[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= NsmLimits.PcrCount)
            {
                throw Wrong($"--pcr '{text}': write N=HEX with N from 0 to {NsmLimits.PcrCount - 1}.");
            }

            if (pair[1].Length != Digits || !pair[1].All(char.IsAsciiHexDigit))
            {
                throw Wrong($"--pcr {index}: a PCR has {Digits} hexadecimal digits (SHA-384), as 'kmstool-instance measure' and 'nitro-cli describe-eif' print it, not '{pair[1]}'.");
            }

            if (!pcrs.TryAdd(index, Convert.FromHexString(pair[1])))
            {
                throw Wrong($"PCR{index} is given twice.");
            }
        }

        return pcrs;
    }

    private static CommandFailedException Wrong(FormattableString message) => new(ExitCode.WrongUsage, message.ToString(CultureInfo.InvariantCulture));
}
