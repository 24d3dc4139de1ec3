using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;
using KmsTool.Signing;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>An error in the shape of KMS's: an HTTP status, the exception's name and a text.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Type">Name of the exception; KMS's own where it has one that fits.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="RequestId">KMS's id of the request, where it was KMS that refused.</param>
internal sealed record ProxyError(int Status, string Type, string Message, string? RequestId = null)
{
    public static ProxyError Serialization(string message) => new(400, "SerializationException", message);

    /// <summary>KMS answers wrong signatures with 400; 403 says to whoever reads logs that it was not KMS.</summary>
    public static ProxyError Of(SignatureException e) => new(
        403,
        e.Failure switch
        {
            SignatureFailure.Missing => "MissingAuthenticationTokenException",
            SignatureFailure.Incomplete => "IncompleteSignatureException",
            SignatureFailure.UnknownToken => "UnrecognizedClientException",
            SignatureFailure.ExpiredToken => "ExpiredTokenException",
            _ => "InvalidSignatureException",
        },
        e.Message);

    /// <summary>What did not come from KMS: a pin, no route, an answer that cannot be accepted.</summary>
    public static ProxyError Of(KmsException e) => e.Code switch
    {
        ErrorCodes.PinViolated => new(400, "AccessDeniedException", e.Message),
        ErrorCodes.InvalidParameter => new(400, "ValidationException", e.Message),
        // Not to be tried again by itself: an answer that is not KMS's will not get better.
        ErrorCodes.InvalidKmsAnswer or ErrorCodes.KmsTlsFailed => new(400, e.Code + "Exception", e.Message),
        _ => new(503, e.Code + "Exception", e.Message),
    };

    public static ProxyError Of(KmsAnswer.Refused refused) => refused.Code == ErrorCodes.InvalidKmsAnswer
        // No error of KMS's, a load balancer's perhaps; its status says whether to try again.
        ? new(refused.Status, refused.Code + "Exception", refused.Message, refused.RequestId)
        : new(refused.Status, refused.Code, refused.Message, refused.RequestId);
}

/// <summary>The proxy does not take a request to KMS.</summary>
internal sealed class ProxyRefusalException(ProxyError error) : Exception(error.Message)
{
    public ProxyError Error { get; } = error;
}
