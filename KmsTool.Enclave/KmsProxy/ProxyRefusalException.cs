namespace KmsTool.Enclave.KmsProxy;

/// <summary>The proxy does not take a request to KMS.</summary>
internal sealed class ProxyRefusalException(ProxyError error) : Exception(error.Message)
{
    public ProxyError Error { get; } = error;
}
