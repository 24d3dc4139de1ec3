using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Serialization of the messages without reflection. Reading skips members that are not known, so that enclaves may say
/// more in future, and refuses one that comes twice.
/// </summary>
[JsonSourceGenerationOptions(
    AllowDuplicateProperties = false, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 16,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SetClientCommand))]
[JsonSerializable(typeof(PushCredentialsCommand))]
[JsonSerializable(typeof(DecryptCommand))]
[JsonSerializable(typeof(GenerateDataKeyCommand))]
[JsonSerializable(typeof(GenerateDataKeyPairCommand))]
[JsonSerializable(typeof(GenerateRandomCommand))]
[JsonSerializable(typeof(DeriveSharedSecretCommand))]
[JsonSerializable(typeof(DescribeCommand))]
[JsonSerializable(typeof(AttestCommand))]
[JsonSerializable(typeof(Reply))]
[JsonSerializable(typeof(DecryptReply))]
[JsonSerializable(typeof(GenerateDataKeyReply))]
[JsonSerializable(typeof(GenerateDataKeyPairReply))]
[JsonSerializable(typeof(GenerateRandomReply))]
[JsonSerializable(typeof(DeriveSharedSecretReply))]
[JsonSerializable(typeof(DescribeReply))]
[JsonSerializable(typeof(AttestReply))]
internal sealed partial class MessageJsonContext : JsonSerializerContext;
