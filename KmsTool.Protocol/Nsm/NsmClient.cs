using System.Runtime.InteropServices;
using System.Security.Cryptography;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A client of the Nitro Secure Module (NSM) of an enclave: attestation documents, platform configuration registers (PCRs) and random
/// numbers. Safe for concurrent use; the module works on one request at a time.
/// </summary>
/// <remarks>
/// The protocol is that of the AWS Nitro Enclaves NSM API (github.com/aws/aws-nitro-enclaves-nsm-api). Every method throws
/// <see cref="NsmException"/> if the module refuses the request or its response cannot be decoded, <see cref="IOException"/> if the
/// module cannot be reached or does not respond within 10 seconds, and <see cref="OperationCanceledException"/> if the token is
/// cancelled.
/// </remarks>
public sealed class NsmClient : IAsyncDisposable
{
    /// <summary>The path of the device in an enclave.</summary>
    public const string DevicePath = NsmDevice.DefaultPath;

    private readonly INsm _nsm;

    internal NsmClient(INsm nsm) => _nsm = nsm;

    /// <summary>Opens the device of an enclave, or a stand-in for it on a stream socket, such as that of kmstool-simulator.</summary>
    /// <param name="location">
    /// The path of the device, or an address in the form of <see cref="StreamAddress"/>, such as <c>unix:/run/nsm.sock</c>. A socket is
    /// connected by the first request.
    /// </param>
    /// <exception cref="IOException">The device does not exist: this is not an enclave.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not open the device.</exception>
    public static NsmClient Open(string location = DevicePath)
    {
        ArgumentNullException.ThrowIfNull(location);
        return StreamAddress.TryParse(location, null, out StreamAddress? address)
            ? new NsmClient(new NsmSocket(address, StreamSocketOptions.Default))
            : new NsmClient(NsmDevice.Open(location));
    }

    /// <summary>Gets the version, the identifier and the state of the PCRs of the module.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<NsmDescription> DescribeAsync(CancellationToken cancellationToken = default)
    {
        NsmResponse.DescribeNsm response = await _nsm.AskAsync<NsmResponse.DescribeNsm>(new NsmRequest.DescribeNsm(), cancellationToken).ConfigureAwait(false);
        return new NsmDescription
        {
            Version = new Version(response.VersionMajor, response.VersionMinor, response.VersionPatch),
            ModuleId = response.ModuleId,
            PcrCount = response.MaxPcrs,
            LockedPcrs = [.. response.LockedPcrs.Select(index => (int)index)],
            Digest = response.Digest,
        };
    }

    /// <summary>Reads one PCR.</summary>
    /// <param name="index">0 to 31.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    public async ValueTask<NsmPcr> DescribePcrAsync(int index, CancellationToken cancellationToken = default)
    {
        var request = new NsmRequest.DescribePcr(PcrIndex(index));
        NsmResponse.DescribePcr response = await _nsm.AskAsync<NsmResponse.DescribePcr>(request, cancellationToken).ConfigureAwait(false);
        return new NsmPcr { Index = index, Value = response.Data, IsLocked = response.Lock };
    }

    /// <summary>Sets a PCR to the SHA-384 of its value followed by <paramref name="data"/>.</summary>
    /// <param name="index">16 to 31: the PCRs below are locked or set when the enclave starts.</param>
    /// <param name="data">At most about 4,000 bytes: the encoded request has at most 4,096.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The new value, 48 bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not from 0 to 31.</exception>
    /// <exception cref="NsmException">The PCR is locked (<see cref="NsmErrorCode.ReadOnlyIndex"/>), or the data is too long.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ExtendPcrAsync(int index, ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        var request = new NsmRequest.ExtendPcr(PcrIndex(index), data);
        return (await _nsm.AskAsync<NsmResponse.ExtendPcr>(request, cancellationToken).ConfigureAwait(false)).Data;
    }

    /// <summary>Makes one PCR read-only until the enclave ends.</summary>
    /// <param name="index">0 to 31.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    /// <exception cref="NsmException">The PCR is locked already (<see cref="NsmErrorCode.ReadOnlyIndex"/>).</exception>
    public async ValueTask LockPcrAsync(int index, CancellationToken cancellationToken = default) =>
        await _nsm.AskAsync<NsmResponse.LockPcr>(new NsmRequest.LockPcr(PcrIndex(index)), cancellationToken).ConfigureAwait(false);

    /// <summary>Makes the PCRs 0 to <paramref name="count"/> − 1 read-only until the enclave ends.</summary>
    /// <param name="count">0 to 32.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public async ValueTask LockPcrsAsync(int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, NsmLimits.PcrCount);
        await _nsm.AskAsync<NsmResponse.LockPcrs>(new NsmRequest.LockPcrs((ushort)count), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gets random bytes of the module.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Up to 256 bytes; the caller disposes of them.</returns>
    public async ValueTask<SensitiveBytes> GetRandomAsync(CancellationToken cancellationToken = default)
    {
        NsmResponse.GetRandom response = await _nsm.AskAsync<NsmResponse.GetRandom>(new NsmRequest.GetRandom(), cancellationToken).ConfigureAwait(false);
        try
        {
            return SensitiveBytes.CopyOf(response.Random.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(response.Random).Span);
        }
    }

    /// <summary>Gets a new attestation document, signed by the module.</summary>
    /// <param name="userData">Anything for the verifier of the document, at most 1,024 bytes.</param>
    /// <param name="nonce">The verifier's proof of freshness, at most 1,024 bytes.</param>
    /// <param name="publicKey">DER SubjectPublicKeyInfo that the verifier may encrypt to, at most 1,024 bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The document, COSE_Sign1, at most 12,288 bytes. <c>AttestationVerifier</c> verifies it.</returns>
    /// <exception cref="NsmException">One of the three is too long (<see cref="NsmErrorCode.InputTooLarge"/>).</exception>
    public async ValueTask<byte[]> AttestAsync(
        ReadOnlyMemory<byte>? userData = null,
        ReadOnlyMemory<byte>? nonce = null,
        ReadOnlyMemory<byte>? publicKey = null,
        CancellationToken cancellationToken = default)
    {
        var request = new NsmRequest.Attestation(userData, nonce, publicKey);
        return (await _nsm.AskAsync<NsmResponse.Attestation>(request, cancellationToken).ConfigureAwait(false)).Document.ToArray();
    }

    /// <summary>Closes the device or the connection.</summary>
    public ValueTask DisposeAsync() => _nsm.DisposeAsync();

    private static ushort PcrIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, NsmLimits.PcrCount);
        return (ushort)index;
    }
}

/// <summary>What a Nitro Secure Module is.</summary>
public sealed class NsmDescription
{
    /// <summary>Gets the version of the module.</summary>
    public required Version Version { get; init; }

    /// <summary>Gets the identifier of the enclave's module: instance id, <c>-enc</c>, enclave id; at most 256 bytes of UTF-8.</summary>
    public required string ModuleId { get; init; }

    /// <summary>Gets the number of PCRs: 32 on current devices.</summary>
    public required int PcrCount { get; init; }

    /// <summary>Gets the indices of the read-only PCRs.</summary>
    public required IReadOnlyList<int> LockedPcrs { get; init; }

    /// <summary>Gets the hash that PCRs are extended with: <c>SHA384</c>.</summary>
    public required string Digest { get; init; }
}

/// <summary>One platform configuration register of a Nitro Secure Module.</summary>
public sealed class NsmPcr
{
    /// <summary>Gets the index, 0 to 31.</summary>
    public required int Index { get; init; }

    /// <summary>Gets the value: 48 bytes with SHA-384, all zero if the register is not set.</summary>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Gets whether the register is read-only.</summary>
    public required bool IsLocked { get; init; }
}
