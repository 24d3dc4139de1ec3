using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Serialization of the messages without reflection.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SetClientCommand))]
[JsonSerializable(typeof(DecryptCommand))]
[JsonSerializable(typeof(Reply))]
[JsonSerializable(typeof(PlaintextReply))]
internal sealed partial class MessageJsonContext : JsonSerializerContext;
