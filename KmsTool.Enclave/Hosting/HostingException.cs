namespace KmsTool.Enclave.Hosting;

/// <summary>What could not be started.</summary>
internal enum HostingFailure
{
    /// <summary>The Nitro Secure Module cannot be opened, or does not respond.</summary>
    NsmUnusable,

    /// <summary>The file of trust anchors cannot be read, or holds none.</summary>
    CaBundleUnusable,

    /// <summary>The daemon cannot listen at its address.</summary>
    DaemonAddress,

    /// <summary>The KMS proxy cannot listen at its port.</summary>
    KmsProxyPort,

    /// <summary>Egress cannot listen at its port.</summary>
    EgressPort,
}

/// <summary>A part of the enclave could not be started.</summary>
/// <param name="failure">Which one.</param>
/// <param name="message">What was tried and what happened.</param>
/// <param name="inner">The cause.</param>
internal sealed class HostingException(HostingFailure failure, string message, Exception inner) : Exception(message, inner)
{
    public HostingFailure Failure { get; } = failure;
}
