namespace KmsTool.Protocol.Messages;

/// <summary>A member of a command is missing, of a wrong type or past its bound; the text is for the reply.</summary>
internal sealed class InvalidMemberException(string message, string code = ErrorCodes.InvalidParameter) : Exception(message)
{
    public string Code { get; } = code;
}
