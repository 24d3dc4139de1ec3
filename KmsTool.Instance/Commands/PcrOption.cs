using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using KmsTool.CommandLine;
using KmsTool.Protocol.Images;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Instance.Commands;

/// <summary><c>--pcr N=HEX</c>, as often as there are PCRs.</summary>
internal sealed class PcrOption
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
                throw UsageError($"--pcr '{text}': write N=HEX with N from 0 to {NsmLimits.PcrCount - 1}.");
            }

            if (pair[1].Length != Digits || !pair[1].All(char.IsAsciiHexDigit))
            {
                throw UsageError($"--pcr {index}: a PCR has {Digits} hexadecimal digits (SHA-384), as 'kmstool-instance measure' and 'nitro-cli describe-eif' print it, not '{pair[1]}'.");
            }

            if (!pcrs.TryAdd(index, Convert.FromHexString(pair[1])))
            {
                throw UsageError($"PCR{index} is given twice.");
            }
        }

        return pcrs;
    }

    private static CommandFailedException UsageError(FormattableString message) => new(ExitCode.WrongUsage, message.ToString(CultureInfo.InvariantCulture));
}

/// <summary><c>--image FILE</c> and which of its measurements are meant.</summary>
internal sealed class ImagePcrOptions
{
    private const int SigningCertificate = 8;
    private const string PcrsName = "--image-pcrs";

    /// <summary>What an image decides; the others depend on where it runs and on what runs in it.</summary>
    private static readonly int[] Measured = [0, 1, 2, SigningCertificate];

    private readonly Option<string> _image = new("--image");

    // PCR0 measures all of the image, so it is the one that AWS's tutorial names.
    private readonly Option<string> _pcrs = new(PcrsName) { DefaultValueFactory = _ => "0" };

    public void AddTo(Command command)
    {
        command.Add(_image);
        command.Add(_pcrs);
    }

    /// <summary>Completes <paramref name="given"/> by those of the image, where there is one.</summary>
    /// <exception cref="CommandFailedException">
    /// The image is not valid, lacks a measurement that is asked for, or no enclave of it can have a given one.
    /// </exception>
    public async Task<IReadOnlyDictionary<int, ReadOnlyMemory<byte>>> CompleteAsync(
        ParseResult parseResult, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> given, CancellationToken cancellationToken)
    {
        List<int> wanted = ParseIndices(parseResult.GetRequiredValue(_pcrs));
        if (parseResult.GetValue(_image) is not { } path)
        {
            return parseResult.GetResult(_pcrs) is { Implicit: false }
                ? throw UsageError($"{PcrsName} says which measurements of an image are meant; add --image FILE.")
                : given;
        }

        EnclaveImage image = await ImageFile.ReadAsync(path, cancellationToken);
        foreach (int index in Measured)
        {
            CheckAgreement(image, index, given);
        }

        var pcrs = new Dictionary<int, ReadOnlyMemory<byte>>(given);
        foreach (int index in wanted)
        {
            pcrs[index] = image.Pcrs.TryGetValue(index, out ReadOnlyMemory<byte> value)
                ? value
                : throw UsageError($"{PcrsName}: the image is not signed, so it has no PCR{index}.");
        }

        return pcrs;
    }

    private static void CheckAgreement(EnclaveImage image, int index, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> given)
    {
        if (!given.TryGetValue(index, out ReadOnlyMemory<byte> value))
        {
            return;
        }

        if (!image.Pcrs.TryGetValue(index, out ReadOnlyMemory<byte> measured))
        {
            throw UsageError($"--pcr {index}: the image is not signed, so no enclave of it has a PCR{index}; leave one of the two out.");
        }

        if (!value.Span.SequenceEqual(measured.Span))
        {
            throw UsageError($"--pcr {index}: the image has another PCR{index}, {Convert.ToHexStringLower(measured.Span)}; leave one of the two out.");
        }
    }

    private static List<int> ParseIndices(string list)
    {
        var indices = new List<int>();
        foreach (string item in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(item, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || !Measured.Contains(index))
            {
                throw UsageError($"{PcrsName} '{item}': an image has {string.Join(", ", Measured)} (8 where it is signed); write them with commas, and others as --pcr N=HEX.");
            }

            if (indices.Contains(index))
            {
                throw UsageError($"{PcrsName}: {index} is given twice.");
            }

            indices.Add(index);
        }

        return indices;
    }

    private static CommandFailedException UsageError(FormattableString message) => new(ExitCode.WrongUsage, message.ToString(CultureInfo.InvariantCulture));
}
