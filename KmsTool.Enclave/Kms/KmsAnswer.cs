using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>What KMS said: an answer whose secret has been opened, or a refusal.</summary>
internal abstract class KmsAnswer : IDisposable
{
    private KmsAnswer(string? requestId) => RequestId = requestId;

    /// <summary>What KMS's support asks for; <see langword="null"/> where KMS gave none.</summary>
    public string? RequestId { get; }

    /// <summary>Clears the secret, if there is one.</summary>
    public abstract void Dispose();

    /// <summary>KMS did it.</summary>
    /// <param name="body">The answer's JSON object, in which the secret is sealed. Owned from here on.</param>
    /// <param name="secret">What CiphertextForRecipient held; may be empty. Owned from here on.</param>
    /// <param name="requestId">KMS's id of the request.</param>
    public sealed class Opened(JsonDocument body, SensitiveBytes secret, string? requestId) : KmsAnswer(requestId)
    {
        private SensitiveBytes? _secret = secret;

        /// <summary>The secret, which the caller owns then. Only once.</summary>
        public SensitiveBytes TakeSecret() =>
            Interlocked.Exchange(ref _secret, null) ?? throw new InvalidOperationException("The secret has been taken.");

        /// <exception cref="KmsException">KMS's answer lacks the member.</exception>
        public string Text(string name) => body.RootElement.Text(name) ?? throw Lacks(name);

        /// <exception cref="KmsException">KMS's answer lacks the member, or it is not base64.</exception>
        public ReadOnlyMemory<byte> Bytes(string name) =>
            body.RootElement.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String
            && member.TryGetBytesFromBase64(out byte[]? bytes)
                ? bytes
                : throw Lacks(name);

        /// <summary>Writes the answer as KMS gives it where no recipient is named, with the secret in its member.</summary>
        /// <param name="json">Where to; its buffer is to be cleared.</param>
        /// <param name="plaintextMember">The secret's member.</param>
        public void WriteTo(Utf8JsonWriter json, string plaintextMember)
        {
            SensitiveBytes secret = _secret ?? throw new InvalidOperationException("The secret has been taken.");
            json.WriteStartObject();
            foreach (JsonProperty member in body.RootElement.EnumerateObject())
            {
                if (!member.NameEquals("CiphertextForRecipient"u8) && !member.NameEquals(plaintextMember))
                {
                    member.WriteTo(json);
                }
            }

            json.WriteBase64String(plaintextMember, secret.Span);
            json.WriteEndObject();
        }

        public override void Dispose()
        {
            _secret?.Dispose();
            body.Dispose();
        }

        private static KmsException Lacks(string name) => new(ErrorCodes.InvalidKmsAnswer, $"KMS's answer lacks {name}");
    }

    /// <summary>KMS did what has no secret in its answer.</summary>
    /// <param name="body">The answer's body, as it came; empty for some operations.</param>
    /// <param name="requestId">KMS's id of the request.</param>
    public sealed class Passed(ReadOnlyMemory<byte> body, string? requestId) : KmsAnswer(requestId)
    {
        public ReadOnlyMemory<byte> Body { get; } = body;

        public override void Dispose()
        {
        }
    }

    /// <summary>KMS's own error.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Exception name, without its namespace.</param>
    /// <param name="message">KMS's text, shortened.</param>
    /// <param name="requestId">KMS's id of the request.</param>
    public sealed class Refused(int status, string code, string message, string? requestId) : KmsAnswer(requestId)
    {
        public int Status { get; } = status;

        public string Code { get; } = code;

        public string Message { get; } = message;

        /// <summary>Whether trying again may help: throttling, and faults on KMS's side.</summary>
        public bool IsTransient => Status is 429 or >= 500
            || Code is "ThrottlingException" or "KeyUnavailableException" or "DependencyTimeoutException" or "KMSInternalException";

        /// <summary>Whether the time in the signature may be what KMS minds.</summary>
        public bool MayBeClockSkew => Code is "InvalidSignatureException" or "RequestExpired" or "RequestTimeTooSkewed";

        public override void Dispose()
        {
        }
    }
}
