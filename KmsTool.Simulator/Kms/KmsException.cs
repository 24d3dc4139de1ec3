using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>An error response of KMS.</summary>
/// <param name="code">The value of <c>__type</c>.</param>
/// <param name="message">The value of <c>message</c>; null leaves it out, as KMS does for a ciphertext it cannot decrypt.</param>
/// <param name="status">The HTTP status.</param>
internal sealed class KmsException(string code, string? message, int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public string? Text { get; } = message;

    public int Status { get; } = status;

    public static KmsException Validation(string message) => new("ValidationException", message);

    public static KmsException Serialization(string message) => new("SerializationException", message);

    public static KmsException NotFound(string message) => new("NotFoundException", message);

    public static KmsException Unsupported(string message) => new("UnsupportedOperationException", message);

    public static KmsException InvalidKeyUsage(string message) => new("InvalidKeyUsageException", message);

    public static KmsException InvalidCiphertext() => new("InvalidCiphertextException", null);

    public static KmsException AccessDenied(AwsPrincipal principal, string action, string resource, string reason) =>
        new("AccessDeniedException", $"User: {principal.Arn} is not authorized to perform: {action} on resource: {resource} {reason}");
}
