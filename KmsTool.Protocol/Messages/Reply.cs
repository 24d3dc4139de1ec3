namespace KmsTool.Protocol.Messages;

/// <summary>The enclave's answer to one command.</summary>
public sealed record Reply
{
    /// <summary><see cref="Status"/> of a command that was carried out.</summary>
    public const string Ok = "Ok";

    /// <summary><see cref="Status"/> of a command that was not.</summary>
    public const string Error = "Error";

    /// <summary><see cref="Ok"/> or <see cref="Error"/>.</summary>
    public required string Status { get; init; }

    /// <summary>What went wrong. What was carried out is answered with a <see cref="SuccessReply"/>.</summary>
    public string? Message { get; init; }

    /// <summary>Machine-readable name of the error: one of <see cref="ErrorCodes"/>, or KMS's exception name. An extension.</summary>
    public string? Code { get; init; }

    /// <summary>An error reply.</summary>
    public static Reply Failed(string message, string code) => new() { Status = Error, Message = message, Code = code };
}
