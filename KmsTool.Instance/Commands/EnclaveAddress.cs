using KmsTool.CommandLine;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.Commands;

/// <summary>Reads <c>--cid</c> and <c>--port</c>.</summary>
internal static class EnclaveAddress
{
    /// <summary>Where kmstool-enclave listens unless told otherwise.</summary>
    public const uint DefaultPort = 3000;

    /// <param name="cid">A CID (decimal, or hexadecimal after 0x), or an address in full.</param>
    /// <param name="port">vsock port; <see langword="null"/> for the default. Not together with an address in full.</param>
    /// <exception cref="CommandFailedException">Not something that can be connected to.</exception>
    public static StreamAddress Parse(string cid, uint? port)
    {
        if (StreamAddress.TryParseNumber(cid, out uint number))
        {
            return number is not 0 and not VsockEndPoint.AnyCid
                ? new StreamAddress.Vsock(number, port ?? DefaultPort)
                : throw Wrong($"--cid {cid} is not an enclave's CID; 'nitro-cli describe-enclaves' prints it as EnclaveCID.");
        }

        if (!StreamAddress.TryParse(cid, out StreamAddress? address, out _) ||
            address is StreamAddress.Vsock { Cid: 0 or VsockEndPoint.AnyCid } or StreamAddress.Vsock { Port: 0 or VsockEndPoint.AnyPort }
                or StreamAddress.Tcp { Port: 0 })
        {
            throw Wrong($"--cid '{cid}' is neither a CID nor an address; use a number, vsock:CID:PORT, unix:/path or tcp:HOST:PORT.");
        }

        return port is null
            ? address
            : throw Wrong($"--port goes with a CID only; the address {cid} is complete.");
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
