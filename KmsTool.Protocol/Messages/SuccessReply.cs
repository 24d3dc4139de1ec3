using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a command that was carried out. Members have the names of the AWS KMS API Reference.</summary>
[SuppressMessage("Design", "CA1063:Implement IDisposable Correctly", Justification = "There is nothing unmanaged.")]
[SuppressMessage("Usage", "CA1816:Dispose methods should call SuppressFinalize", Justification = "There are no finalizers.")]
public abstract record SuccessReply : IDisposable
{
    /// <summary>Always <see cref="Reply.Ok"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Status { get; init; } = Reply.Ok;

    private protected virtual SensitiveBytes? Secret => null;

    /// <summary>Never prints what it holds.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Clears the secret, if there is one.</summary>
    public void Dispose() => Secret?.Dispose();
}
