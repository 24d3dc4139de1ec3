using System.Buffers;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Instance.Commands;

/// <summary>An option for bytes that stand in an attestation document, in hexadecimal digits.</summary>
internal static class HexOption
{
    private const string RandomName = "random";
    private const int RandomLength = 32;

    public static Option<ReadOnlyMemory<byte>?> Create(string name, bool mayBeRandom = false) => new(name)
    {
        CustomParser = result => Parse(result, name, mayBeRandom),
    };

    /// <summary>What <c>random</c> stands for.</summary>
    public static ReadOnlyMemory<byte> CreateRandom() => RandomNumberGenerator.GetBytes(RandomLength);

    private static ReadOnlyMemory<byte>? Parse(ArgumentResult result, string name, bool mayBeRandom)
    {
        string text = result.Tokens.Single().Value;
        if (mayBeRandom && text == RandomName)
        {
            return CreateRandom();
        }

        if (text.Length <= 2 * NsmLimits.MaxAttestationFieldLength && TryParse(text, out byte[]? bytes))
        {
            return bytes;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture,
            $"{name} takes hexadecimal digits, two a byte, of at most {NsmLimits.MaxAttestationFieldLength} bytes{(mayBeRandom ? $", or '{RandomName}'" : "")}."));
        return null;
    }

    private static bool TryParse(string text, out byte[]? bytes)
    {
        bytes = new byte[text.Length / 2];
        if (text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out int length) == OperationStatus.Done && length == bytes.Length)
        {
            return true;
        }

        bytes = null;
        return false;
    }
}
