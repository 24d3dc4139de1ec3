using System.Text;

namespace KmsTool.Benchmarks.Load;

/// <summary>What a client says to the enclave and must hear, ready to be sent and compared: each one ends with its NUL.</summary>
internal sealed class WireMessages
{
    private WireMessages(string setClient, string decrypt, string plaintextReply)
    {
        SetClient = Encoding.UTF8.GetBytes(setClient + "\0");
        Decrypt = Encoding.UTF8.GetBytes(decrypt + "\0");
        DecryptReply = Encoding.UTF8.GetBytes(plaintextReply + "\0");
    }

    public byte[] SetClient { get; }

    public byte[] SetClientReply { get; } = """{"Status":"Ok"}"""u8.ToArray().Append((byte)0).ToArray();

    public byte[] Decrypt { get; }

    public byte[] DecryptReply { get; }

    public static WireMessages Create(SessionCredentials credentials, string ciphertext, string plaintext) => new(
        $$"""{"Operation":"SetClient","AwsAccessKeyId":"{{credentials.AccessKeyId}}","AwsSecretAccessKey":"{{credentials.SecretAccessKey}}","AwsSessionToken":"{{credentials.SessionToken}}"}""",
        $$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}"}""",
        $$"""{"Status":"Ok","Message":"{{plaintext}}"}""");
}
