using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Simulator.Nsm;

namespace KmsTool.Simulator.Commands;

/// <summary>The options <c>--pcr0 HEX</c> and <c>--pcr N=HEX</c>.</summary>
internal sealed class PcrOptions
{
    public PcrOptions(bool isImageRequired)
    {
        Image = new Option<string>("--pcr0")
        {
            HelpName = "HEX",
            Required = isImageRequired,
            Description = "PCR0, the measurement of the enclave's image: 96 hexadecimal digits. All zeros is debug mode."
                + (isImageRequired ? "" : " The default stands for an example image and is printed at start."),
        };
    }

    public Option<string> Image { get; }

    public Option<string[]> Others { get; } = new("--pcr")
    {
        HelpName = "N=HEX",
        Description = "Another PCR, 0 to 31. May be repeated. PCR3 and PCR4 start as those of the simulated instance's role and id.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Image);
        command.Options.Add(Others);
    }

    /// <exception cref="CommandFailedException">A value is not of the right form, or a PCR is given twice.</exception>
    public IReadOnlyDictionary<int, byte[]> Read(ParseResult arguments)
    {
        Dictionary<int, byte[]> pcrs = [];
        if (arguments.GetValue(Image) is { } image)
        {
            pcrs.Add(0, ParseValue("--pcr0", image));
        }

        foreach (string text in arguments.GetValue(Others) ?? [])
        {
            string[] pair = text.Split('=', 2);
            if (pair.Length != 2
                || !int.TryParse(pair[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                || index >= PcrBank.Count)
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"--pcr {text}: write N=HEX with N from 0 to {PcrBank.Count - 1}");
            }

            if (!pcrs.TryAdd(index, ParseValue($"--pcr {index}", pair[1])))
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"PCR{index} is given twice");
            }
        }

        return pcrs;
    }

    private static byte[] ParseValue(string option, string hex)
    {
        const int Digits = PcrBank.ValueLength * 2;
        if (hex.Length != Digits || !hex.All(char.IsAsciiHexDigit))
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{option}: a PCR has {Digits} hexadecimal digits (SHA-384), not '{hex}'");
        }

        return Convert.FromHexString(hex);
    }
}
