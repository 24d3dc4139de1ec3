using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Reads a command out of a message, strictly: UTF-8, no duplicate member at any depth, nothing after the object. What is
/// wrong with a message is said with the texts of the AWS sample and in its order.
/// </summary>
internal static class CommandParser
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    // Each throws InvalidMemberException for what cannot be sent to KMS.
    private static readonly Dictionary<string, Func<CommandMembers, EnclaveCommand>> Readers = new(StringComparer.Ordinal)
    {
        [SetClientCommand.Name] = SetClientCommand.Read,
        [PushCredentialsCommand.Name] = PushCredentialsCommand.Read,
        [DecryptCommand.Name] = DecryptCommand.Read,
        [GenerateDataKeyCommand.Name] = GenerateDataKeyCommand.Read,
        [GenerateDataKeyPairCommand.Name] = GenerateDataKeyPairCommand.Read,
        [GenerateRandomCommand.Name] = GenerateRandomCommand.Read,
        [DeriveSharedSecretCommand.Name] = DeriveSharedSecretCommand.Read,
        [DescribeCommand.Name] = _ => new DescribeCommand(),
        [AttestCommand.Name] = AttestCommand.Read,
    };

    /// <summary>The names of all operations.</summary>
    public static IReadOnlyList<string> Operations { get; } = [.. Readers.Keys];

    /// <summary>Reads <paramref name="message"/> (without its NUL). The command holds copies; it owns its secrets.</summary>
    /// <returns>The command, or an <see cref="InvalidCommand"/> that carries the error.</returns>
    public static EnclaveCommand Parse(ReadOnlySequence<byte> message)
    {
        if (message.IsSingleSegment)
        {
            return Parse(message.First);
        }

        using var joined = SensitiveBytes.Allocate((int)message.Length);
        message.CopyTo(joined.WritableSpan);
        return Parse(joined.Memory);
    }

    private static EnclaveCommand Parse(ReadOnlyMemory<byte> message)
    {
        if (!Utf8.IsValid(message.Span))
        {
            return NotJson(" (not UTF-8)");
        }

        try
        {
            using var document = JsonDocument.Parse(message, Strict);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            // The exception's text quotes the input; the response must not.
            return NotJson(" (malformed, nested too deeply, or a name given twice)");
        }
        catch (InvalidOperationException)
        {
            // A \u escape of half a surrogate pair shows only when the string is read.
            return NotJson(" (invalid escape)");
        }
    }

    private static InvalidCommand NotJson(string reason) => new(null, ErrorTexts.NotJson + reason, ErrorCodes.InvalidMessage);

    private static EnclaveCommand Read(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Null)
        {
            return NotJson("");
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return new InvalidCommand(null, ErrorTexts.NotAnObject, ErrorCodes.InvalidMessage);
        }

        var members = new CommandMembers(root);
        if (members.Find("Operation") is not { } operation)
        {
            return new InvalidCommand(null, ErrorTexts.NoOperation, ErrorCodes.InvalidMessage);
        }

        if (operation.ValueKind != JsonValueKind.String)
        {
            return new InvalidCommand(null, ErrorTexts.OperationNotText, ErrorCodes.InvalidMessage);
        }

        string name = operation.GetString()!;
        if (!Readers.TryGetValue(name, out Func<CommandMembers, EnclaveCommand>? read))
        {
            return new InvalidCommand(null, ErrorTexts.UnknownOperation, ErrorCodes.UnknownOperation);
        }

        try
        {
            return read(members);
        }
        catch (InvalidMemberException e)
        {
            return new InvalidCommand(name, e.Message, e.Code);
        }
    }
}

/// <summary>A message that is not a command that can be carried out; the enclave responds with the error that it carries.</summary>
/// <param name="Operation">The operation it meant, where that is known.</param>
/// <param name="Message">Text of the error for the response; it starts with the text of the AWS sample.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
internal sealed record InvalidCommand(string? Operation, string Message, string Code) : EnclaveCommand
{
    /// <inheritdoc/>
    public override string? Operation { get; } = Operation;
}
