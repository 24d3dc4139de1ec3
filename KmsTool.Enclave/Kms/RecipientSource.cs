using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Recipient;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// The enclave's recipient key and the attestation document that vouches for it. The key is made in the background at
/// start and replaced on a schedule; requests in flight keep theirs. A document is reused for a while, as making one costs
/// the Nitro Secure Module milliseconds.
/// </summary>
internal sealed class RecipientSource : IDisposable
{
    private readonly INsm _nsm;
    private readonly RecipientSettings _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _refresh = new(1);
    private readonly ITimer _rotation;
    private volatile Task<RefCounted<RecipientKeyPair>> _key;
    private volatile Attested? _attested;
    private volatile bool _disposed;

    public RecipientSource(INsm nsm, RecipientSettings options, TimeProvider time, ILogger logger)
    {
        _nsm = nsm;
        _options = options;
        _time = time;
        _logger = logger;
        _key = Task.Run(Generate);
        _rotation = time.CreateTimer(_ => _ = RotateOnScheduleAsync(), null, options.KeyLifetime, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The current key with a document that is fresh enough. Dispose the lease when the request is done.</summary>
    /// <exception cref="KmsException">The Nitro Secure Module gives no document.</exception>
    public async ValueTask<RecipientLease> RentAsync(CancellationToken cancellationToken)
    {
        if (TryRentCurrent() is { } current)
        {
            return current;
        }

        if (_options.AttestationLifetime == TimeSpan.Zero)
        {
            return await AttestAsync(cancellationToken);
        }

        // One request asks for all that wait.
        await _refresh.WaitAsync(cancellationToken);
        try
        {
            return TryRentCurrent() ?? await AttestAsync(cancellationToken);
        }
        finally
        {
            _refresh.Release();
        }
    }

    /// <summary>Makes a new key and gives up the old one, with its document.</summary>
    public async Task RotateAsync()
    {
        RefCounted<RecipientKeyPair> next;
        try
        {
            next = await Task.Run(Generate);
        }
        catch (CryptographicException e)
        {
            Log.RecipientKeyNotReplaced(_logger, e.GetType().Name);
            return;
        }

        Task<RefCounted<RecipientKeyPair>> previous = Interlocked.Exchange(ref _key, Task.FromResult(next));
        _attested = null;
        await ReleaseAsync(previous);
        Log.RecipientKeyReplaced(_logger);
    }

    public void Dispose()
    {
        _rotation.Dispose();
        _refresh.Dispose();
        _disposed = true;
        _ = ReleaseAsync(_key);
    }

    private static async Task ReleaseAsync(Task<RefCounted<RecipientKeyPair>> key)
    {
        await ((Task)key).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (key.IsCompletedSuccessfully)
        {
            (await key).Release();
        }
    }

    // Armed again only when it is done, so that no two rotations meet.
    private async Task RotateOnScheduleAsync()
    {
        await RotateAsync();
        _rotation.Change(_options.KeyLifetime, Timeout.InfiniteTimeSpan);
    }

    private RefCounted<RecipientKeyPair> Generate()
    {
        Log.RecipientKeyGenerating(_logger);
        return new RefCounted<RecipientKeyPair>(RecipientKeyPair.Generate());
    }

    private RecipientLease? TryRentCurrent() =>
        _attested is { } attested && _time.GetElapsedTime(attested.At) < _options.AttestationLifetime && attested.Key.TryUse()
            ? new RecipientLease(attested.Key, attested.Value)
            : null;

    private async Task<RecipientLease> AttestAsync(CancellationToken cancellationToken)
    {
        Task<RefCounted<RecipientKeyPair>> current;
        RefCounted<RecipientKeyPair> key;
        do
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            current = _key;
            key = await current.WaitAsync(cancellationToken);
        }
        while (!key.TryUse());

        try
        {
            long at = _time.GetTimestamp();
            NsmResponse.Attestation attestation = await _nsm.AskAsync<NsmResponse.Attestation>(
                new NsmRequest.Attestation(UserData: null, Nonce: null, key.Value.PublicKey), cancellationToken);
            byte[] value = Encoding.ASCII.GetBytes(
                $"{{\"AttestationDocument\":\"{Convert.ToBase64String(attestation.Document.Span)}\",\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}}");
            // A key that has been replaced meanwhile serves this request and no other.
            _attested = new Attested(key, value, at);
            if (_key != current)
            {
                _attested = null;
            }

            return new RecipientLease(key, value);
        }
        catch (Exception e) when (e is NsmException or IOException)
        {
            key.Release();
            throw KmsException.NoAttestation(e);
        }
        catch
        {
            key.Release();
            throw;
        }
    }

    private sealed record Attested(RefCounted<RecipientKeyPair> Key, ReadOnlyMemory<byte> Value, long At);
}

/// <summary>A recipient key with its attestation document, for one request.</summary>
/// <param name="key">Counted for this lease.</param>
/// <param name="value">See <see cref="Value"/>.</param>
internal sealed class RecipientLease(RefCounted<RecipientKeyPair> key, ReadOnlyMemory<byte> value) : IDisposable
{
    /// <summary>The value of the request's member <c>Recipient</c>: a JSON object in UTF-8.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>Opens CiphertextForRecipient.</summary>
    /// <exception cref="RecipientEnvelopeException">It cannot be opened; always the same text.</exception>
    public SensitiveBytes Open(ReadOnlyMemory<byte> envelope) => key.Value.Open(envelope);

    public void Dispose() => key.Release();
}

/// <summary>How long keys and documents are used.</summary>
/// <param name="AttestationLifetime">How long an attestation document is reused; zero asks for one per request.</param>
/// <param name="KeyLifetime">How long a recipient key is used.</param>
internal sealed record RecipientSettings(TimeSpan AttestationLifetime, TimeSpan KeyLifetime);
