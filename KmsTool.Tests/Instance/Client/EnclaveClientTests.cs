using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Instance.Client;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Client;

public class EnclaveClientTests
{
    private static readonly TimeSpan Patience = Transports.Patience;

    [Fact]
    public async Task Session_with_the_original_enclave_skips_its_second_replies()
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalOk,
            FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate,
            FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate,
            FakeEnclave.OriginalOk);
        await using EnclaveClient client = await ConnectAsync(enclave);

        await SetClientAsync(client);
        Assert.Equal("hello from KMS", await DecryptAsync(client));
        Assert.Equal("hello from KMS", await DecryptAsync(client));
        await SetClientAsync(client);
    }

    [Fact]
    public async Task Session_second_reply_that_comes_with_the_next_answer_is_skipped()
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalPlaintext,
            FakeEnclave.OriginalDuplicate + FakeEnclave.OriginalPlaintext,
            FakeEnclave.OriginalDuplicate + "{ \"Status\": \"Error\", \"Message\": \"Could not decrypt ciphertext\" }\0",
            FakeEnclave.OriginalPlaintext);
        await using EnclaveClient client = await ConnectAsync(enclave);

        Assert.Equal("hello from KMS", await DecryptAsync(client));
        Assert.Equal("hello from KMS", await DecryptAsync(client));
        Assert.Equal(ExitCode.OperationFailed, (await DecryptFailureAsync(client)).ExitCode);
        Assert.Equal("hello from KMS", await DecryptAsync(client));
    }

    [Fact]
    public async Task Session_with_replies_in_single_bytes_works()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await WriteByteByByteAsync(self, stream, FakeEnclave.OriginalOk);
            await self.ReadMessageAsync(stream);
            await WriteByteByByteAsync(self, stream, FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate);
            await self.ReadMessageAsync(stream);
            await WriteByteByByteAsync(self, stream, FakeEnclave.OriginalPlaintext);
        });
        await using EnclaveClient client = await ConnectAsync(enclave);

        await SetClientAsync(client);
        Assert.Equal("hello from KMS", await DecryptAsync(client));
        Assert.Equal("hello from KMS", await DecryptAsync(client));
    }

    [Fact]
    public async Task Session_error_without_message_that_is_no_second_reply_is_an_error()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, "{ \"Status\": \"Error\" }\0");
        await using EnclaveClient client = await ConnectAsync(enclave);

        await SetClientAsync(client);

        Assert.Equal(ExitCode.OperationFailed, (await DecryptFailureAsync(client)).ExitCode);
    }

    [Fact]
    public async Task Commands_carry_what_was_asked_for_and_nothing_else()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext, FakeEnclave.OriginalPlaintext);
        await using EnclaveClient client = await ConnectAsync(enclave);
        using var full = new SetClientCommand
        {
            AwsAccessKeyId = "AKID",
            AwsSecretAccessKey = SensitiveBytes.CopyOf("se/cr+et"u8),
            AwsSessionToken = SensitiveBytes.CopyOf("token=="u8),
            AwsRegion = "eu-west-1",
        };

        await client.SetClientAsync(full, default);
        await SetClientAsync(client);
        using DecryptReply first = await client.SendAsync<DecryptReply>(
            new DecryptCommand
            {
                Ciphertext = new byte[] { 1, 2, 3 },
                EncryptionContext = new Dictionary<string, string> { ["a"] = "=\"ü\0" },
                KeyId = "alias/k",
                EncryptionAlgorithm = "RSAES_OAEP_SHA_1",
                GrantTokens = ["t"],
            },
            default);
        await DecryptAsync(client);

        AssertJson("""{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":"se/cr+et","AwsSessionToken":"token==","AwsRegion":"eu-west-1"}""", enclave.Received[0]);
        AssertJson("""{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":"SECRET"}""", enclave.Received[1]);
        AssertJson("""{"Operation":"Decrypt","Ciphertext":"AQID","EncryptionContext":{"a":"=\"ü\u0000"},"KeyId":"alias/k","EncryptionAlgorithm":"RSAES_OAEP_SHA_1","GrantTokens":["t"]}""", enclave.Received[2]);
        AssertJson("""{"Operation":"Decrypt","Ciphertext":"AQID"}""", enclave.Received[3]);
    }

    [Theory]
    [InlineData("""{"Status":"Ok","Message":""}""", "")]
    [InlineData("""{"Status":"Ok","Message":"\/w\u003d="}""", "ff")]
    public async Task DecryptAsync_plaintext_is_decoded(string reply, string hex)
    {
        await using var enclave = FakeEnclave.Start(reply + "\0");
        await using EnclaveClient client = await ConnectAsync(enclave);

        using DecryptReply decrypted = await client.SendAsync<DecryptReply>(Decrypt(), default);

        Assert.Equal(Convert.FromHexString(hex), decrypted.Message!.Span);
    }

    [Theory]
    [InlineData("{\"Status\":\"Ok\"}\0", "not a reply to Decrypt")]
    [InlineData("{\"Status\":\"Ok\",\"Message\":\"a\"}\0", "not a reply to Decrypt")]
    [InlineData("{\"Status\":\"Ok\",\"Message\":\"YQ==YQ==\"}\0", "not a reply to Decrypt")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\0", "not a reply")]
    [InlineData("\0", "not a reply")]
    [InlineData("", "without a reply")]
    [InlineData("{\"Status\":\"Ok\",\"Mess", "within its reply")]
    public async Task DecryptAsync_peer_that_breaks_the_protocol_is_reported_as_that(string answer, string named)
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await self.WriteAsync(stream, answer);
        });
        await using EnclaveClient client = await ConnectAsync(enclave);

        CommandFailedException e = await DecryptFailureAsync(client);

        Assert.Equal(ExitCode.ProtocolBroken, e.ExitCode);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.Contains(enclave.Address.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DecryptAsync_reply_without_end_is_given_up_at_its_bound()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            string block = new string('x', 10_000);
            while (true)
            {
                await self.WriteAsync(stream, block);
            }
        });
        await using EnclaveClient client = await ConnectAsync(enclave);

        CommandFailedException e = await DecryptFailureAsync(client);

        Assert.Equal(ExitCode.ProtocolBroken, e.ExitCode);
        Assert.Contains("longer than 65536 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DecryptAsync_silent_enclave_is_given_up_at_the_timeout()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            while (await self.ReadMessageAsync(stream) is not null)
            {
            }
        });
        await using EnclaveClient client = await ConnectAsync(enclave, TimeSpan.FromMilliseconds(50));

        CommandFailedException e = await DecryptFailureAsync(client);

        Assert.Equal(ExitCode.ProtocolBroken, e.ExitCode);
        Assert.Contains("no reply within 0.05 s (--timeout)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DecryptAsync_cancelled_by_the_caller_is_no_failure_of_the_enclave()
    {
        using var cancelled = new CancellationTokenSource();
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await cancelled.CancelAsync();
            await self.ReadMessageAsync(stream);
        });
        await using EnclaveClient client = await ConnectAsync(enclave);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync<DecryptReply>(Decrypt(), cancelled.Token));
    }

    [Theory]
    [InlineData("Could not create new client", null, "vsock-proxy")]
    [InlineData("Could not create new client: Connection refused", "KmsUnreachable", "vsock-proxy")]
    [InlineData("Could not create new client: certificate of another name", "KmsTlsFailed", "region")]
    [InlineData("Could not set region correctly, check configuration.", null, "leave --region away")]
    [InlineData("Could not decrypt ciphertext", null, "PCRs")]
    [InlineData("Could not decrypt ciphertext: AccessDeniedException: no", "AccessDeniedException", "kms:RecipientAttestation")]
    public async Task SetClientAsync_refusal_carries_message_code_and_advice(string message, string? code, string advice)
    {
        string codeMember = code is null ? "" : $",\"Code\":\"{code}\"";
        await using var enclave = FakeEnclave.Start($"{{\"Status\":\"Error\",\"Message\":\"{message}\"{codeMember}}}\0");
        await using EnclaveClient client = await ConnectAsync(enclave);

        RefusedException e = await Assert.ThrowsAsync<RefusedException>(() => SetClientAsync(client));

        Assert.Equal(ExitCode.OperationFailed, e.ExitCode);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains(code ?? "", e.Message, StringComparison.Ordinal);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_nobody_there_is_reported_as_that()
    {
        using var directory = new TempDirectory();
        string address = "unix:" + directory["missing"];

        CommandFailedException e = await Assert.ThrowsAsync<CommandFailedException>(() => EnclaveClient.ConnectAsync(
            KmsTool.Protocol.Vsock.StreamAddress.Parse(address), null, Patience, TimeProvider.System, NullLogger.Instance, default));

        Assert.Equal(ExitCode.CouldNotConnect, e.ExitCode);
        Assert.Contains(address + ": The Unix socket does not exist", e.Message, StringComparison.Ordinal);
        Assert.Contains("nitro-cli describe-enclaves", e.Message, StringComparison.Ordinal);
    }

    private static async Task WriteByteByByteAsync(FakeEnclave enclave, NetworkStream stream, string text)
    {
        foreach (char c in text)
        {
            await enclave.WriteAsync(stream, c.ToString());
        }
    }

    private static Task<EnclaveClient> ConnectAsync(FakeEnclave enclave, TimeSpan? timeout = null) => EnclaveClient.ConnectAsync(
        enclave.Address, null, timeout ?? Patience, TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private static async Task SetClientAsync(EnclaveClient client)
    {
        using var command = new SetClientCommand { AwsAccessKeyId = "AKID", AwsSecretAccessKey = SensitiveBytes.CopyOf("SECRET"u8) };
        await client.SetClientAsync(command, CancellationToken.None);
    }

    private static DecryptCommand Decrypt() => new() { Ciphertext = new byte[] { 1, 2, 3 } };

    private static async Task<string> DecryptAsync(EnclaveClient client)
    {
        using DecryptReply reply = await client.SendAsync<DecryptReply>(Decrypt(), CancellationToken.None);
        return Encoding.UTF8.GetString(reply.Message!.Span);
    }

    private static Task<CommandFailedException> DecryptFailureAsync(EnclaveClient client) =>
        Assert.ThrowsAnyAsync<CommandFailedException>(() => client.SendAsync<DecryptReply>(Decrypt(), CancellationToken.None));

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(actual)), actual);
}
