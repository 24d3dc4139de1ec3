using System.Security.Cryptography;

namespace KmsTool.Protocol.Attestation;

/// <summary>What an authentic document must state to be accepted. A property that is <see langword="null"/> is not checked.</summary>
public sealed class AttestationExpectations
{
    /// <summary>Gets PCR values by index, such as <c>EnclaveImage.Pcrs</c>: the document must have all of them, and they must be equal.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>>? Pcrs { get; init; }

    /// <summary>The nonce, byte for byte; the proof that the document was made for this verifier, now.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>The user data, byte for byte.</summary>
    public ReadOnlyMemory<byte>? UserData { get; init; }

    /// <summary>Gets the oldest acceptable age of the document. Its certificate limits it to about three hours in any case.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>How far the document may be dated ahead of the verifier's clock where <see cref="MaxAge"/> is set. Default 1 minute.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether there must be a public key. An empty one counts as absent.</summary>
    public bool RequirePublicKey { get; init; }

    /// <summary>Whether <see cref="AttestationDocument.IsDebug"/> is a reason to refuse.</summary>
    public bool RefuseDebug { get; init; }

    /// <exception cref="AttestationRejectedException">The document is not as expected.</exception>
    internal void Check(AttestationDocument document, DateTimeOffset at)
    {
        if (MaxAge is { } maxAge)
        {
            TimeSpan age = at - document.Timestamp;
            if (age > maxAge)
            {
                throw new AttestationRejectedException(AttestationFailure.TooOld, $"the document is {age} old, more than {maxAge}");
            }
            if (-age > ClockSkew)
            {
                throw new AttestationRejectedException(AttestationFailure.InTheFuture, $"the document is dated {-age} ahead of the verifier's clock, more than {ClockSkew}");
            }
        }
        if (RefuseDebug && document.IsDebug)
        {
            throw new AttestationRejectedException(AttestationFailure.DebugMode, "PCR0 measures no image: the enclave runs in debug mode");
        }
        foreach ((int index, ReadOnlyMemory<byte> expected) in Pcrs ?? new Dictionary<int, ReadOnlyMemory<byte>>())
        {
            if (!document.Pcrs.TryGetValue(index, out ReadOnlyMemory<byte> actual))
            {
                throw new AttestationRejectedException(AttestationFailure.PcrMismatch, $"the document has no PCR{index}");
            }
            if (!CryptographicOperations.FixedTimeEquals(actual.Span, expected.Span))
            {
                throw new AttestationRejectedException(
                    AttestationFailure.PcrMismatch,
                    $"PCR{index} is {Convert.ToHexStringLower(actual.Span)}, expected {Convert.ToHexStringLower(expected.Span)}");
            }
        }
        if (!Matches(Nonce, document.Nonce))
        {
            throw new AttestationRejectedException(AttestationFailure.NonceMismatch, "the nonce is not the expected one");
        }
        if (!Matches(UserData, document.UserData))
        {
            throw new AttestationRejectedException(AttestationFailure.UserDataMismatch, "the user data are not the expected ones");
        }
        if (RequirePublicKey && document.PublicKey is null or { IsEmpty: true })
        {
            throw new AttestationRejectedException(AttestationFailure.PublicKeyMissing, "the document carries no public key");
        }
    }

    private static bool Matches(ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte>? actual) =>
        expected is not { } value || (actual is { } found && CryptographicOperations.FixedTimeEquals(value.Span, found.Span));
}
