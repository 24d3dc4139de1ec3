using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Instance;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Messages;

public class EnclaveConnectionTests
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
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        await SetClientAsync(connection);
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
        await SetClientAsync(connection);
    }

    [Fact]
    public async Task Session_second_reply_that_comes_with_the_next_answer_is_skipped()
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalPlaintext,
            FakeEnclave.OriginalDuplicate + FakeEnclave.OriginalPlaintext,
            FakeEnclave.OriginalDuplicate + "{ \"Status\": \"Error\", \"Message\": \"Could not decrypt ciphertext\" }\0",
            FakeEnclave.OriginalPlaintext);
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        Assert.Equal("hello from KMS", await DecryptAsync(connection));
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
        Assert.Equal(EnclaveFailure.Refused, (await DecryptFailureAsync(connection)).Failure);
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
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
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        await SetClientAsync(connection);
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
        Assert.Equal("hello from KMS", await DecryptAsync(connection));
    }

    [Fact]
    public async Task Session_error_without_message_that_is_no_second_reply_is_an_error()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, "{ \"Status\": \"Error\" }\0");
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        await SetClientAsync(connection);

        Assert.Equal(EnclaveFailure.Refused, (await DecryptFailureAsync(connection)).Failure);
    }

    [Fact]
    public async Task Commands_carry_what_was_asked_for_and_nothing_else()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext, FakeEnclave.OriginalPlaintext);
        await using EnclaveConnection connection = await ConnectAsync(enclave);
        using var full = new SetClientCommand
        {
            AwsAccessKeyId = "AKID",
            AwsSecretAccessKey = SensitiveBytes.CopyOf("se/cr+et"u8),
            AwsSessionToken = SensitiveBytes.CopyOf("token=="u8),
            AwsRegion = "eu-west-1",
        };

        await connection.SetClientAsync(full, default);
        await SetClientAsync(connection);
        using DecryptResponse first = await connection.DecryptAsync(
            new DecryptCommand
            {
                Ciphertext = new byte[] { 1, 2, 3 },
                EncryptionContext = new Dictionary<string, string> { ["a"] = "=\"ü\0" },
                KeyId = "alias/k",
                EncryptionAlgorithm = "RSAES_OAEP_SHA_1",
                GrantTokens = ["t"],
            },
            default);
        await DecryptAsync(connection);

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
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        using DecryptResponse decrypted = await connection.DecryptAsync(Decrypt(), default);

        Assert.Equal(Convert.FromHexString(hex), decrypted.Plaintext!.Span);
    }

    [Theory]
    [InlineData("{\"Status\":\"Ok\"}\0", EnclaveFailure.ProtocolBroken, "not a reply to Decrypt")]
    [InlineData("{\"Status\":\"Ok\",\"Message\":\"a\"}\0", EnclaveFailure.ProtocolBroken, "not a reply to Decrypt")]
    [InlineData("{\"Status\":\"Ok\",\"Message\":\"YQ==YQ==\"}\0", EnclaveFailure.ProtocolBroken, "not a reply to Decrypt")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\0", EnclaveFailure.ProtocolBroken, "not a reply")]
    [InlineData("\0", EnclaveFailure.ProtocolBroken, "not a reply")]
    [InlineData("", EnclaveFailure.ConnectionLost, "without a reply")]
    [InlineData("{\"Status\":\"Ok\",\"Mess", EnclaveFailure.ConnectionLost, "within its reply")]
    public async Task DecryptAsync_peer_that_breaks_the_protocol_is_reported_as_that(string answer, EnclaveFailure failure, string named)
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await self.WriteAsync(stream, answer);
        });
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        EnclaveException e = await DecryptFailureAsync(connection);

        Assert.Equal((failure, "Decrypt", enclave.Address), (e.Failure, e.Operation, e.Address));
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
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        EnclaveException e = await DecryptFailureAsync(connection);

        Assert.Equal(EnclaveFailure.ProtocolBroken, e.Failure);
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
        await using EnclaveConnection connection = await ConnectAsync(enclave, TimeSpan.FromMilliseconds(50));

        EnclaveException e = await DecryptFailureAsync(connection);

        Assert.Equal(EnclaveFailure.TimedOut, e.Failure);
        Assert.Contains("no reply within 0.05 s", e.Message, StringComparison.Ordinal);
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
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.DecryptAsync(Decrypt(), cancelled.Token));
    }

    [Theory]
    [InlineData("Could not create new client", null, "Could not create new client.")]
    [InlineData("Could not decrypt ciphertext: AccessDeniedException: no", "AccessDeniedException", "Could not decrypt ciphertext: AccessDeniedException: no.")]
    [InlineData("Could not decrypt ciphertext", "KmsTimeout", "Could not decrypt ciphertext (KmsTimeout).")]
    [InlineData("\\u001b[2J", "\\u001b[1m", "\\u001B[2J (\\u001B[1m).")]
    public async Task SetClientAsync_refusal_carries_message_and_code(string message, string? code, string text)
    {
        string codeMember = code is null ? "" : $",\"Code\":\"{code}\"";
        await using var enclave = FakeEnclave.Start($"{{\"Status\":\"Error\",\"Message\":\"{message}\"{codeMember}}}\0");
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        EnclaveException e = await Assert.ThrowsAsync<EnclaveException>(() => SetClientAsync(connection));

        Assert.Equal((EnclaveFailure.Refused, "SetClient"), (e.Failure, e.Operation));
        Assert.Equal(Unescaped(message), e.EnclaveMessage);
        Assert.Equal(code is null ? null : Unescaped(code), e.Code);
        Assert.Equal($"The enclave at {enclave.Address} answered SetClient with an error: {text}", e.Message);
    }

    [Fact]
    public async Task Commands_sent_at_once_get_their_responses_in_order()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            // All of the commands come before the first response.
            string?[] messages = [await self.ReadMessageAsync(stream), await self.ReadMessageAsync(stream), await self.ReadMessageAsync(stream)];
            foreach (string? message in messages)
            {
                int length = JsonElement.Parse(message!).GetProperty("NumberOfBytes").GetInt32();
                await self.WriteAsync(stream, $$"""{"Status":"Ok","Plaintext":"{{Convert.ToBase64String(new byte[length])}}"}""" + "\0");
            }

            await self.ReadMessageAsync(stream);
        });
        await using EnclaveConnection connection = await ConnectAsync(enclave);

        GenerateRandomResponse[] responses = await Task.WhenAll(
            Enumerable.Range(1, 3).Select(length => connection.GenerateRandomAsync(new GenerateRandomCommand { NumberOfBytes = length })));

        Assert.Equal([1, 2, 3], responses.Select(response => response.Plaintext!.Length));
    }

    [Fact]
    public async Task Observer_learns_of_each_step()
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate, "{ \"Status\": \"Error\", \"Message\": \"no\" }\0");
        var steps = new ConcurrentQueue<EnclaveConnectionEvent>();
        var options = new EnclaveConnectionOptions { Timeout = Patience, Observer = steps.Enqueue };
        await using EnclaveConnection connection = await EnclaveConnection.ConnectAsync(enclave.Address, options);

        await SetClientAsync(connection);
        await DecryptAsync(connection);
        await DecryptFailureAsync(connection);

        // Sending and receiving run at the same time, so each has an order of its own.
        Assert.Equal(["SetClient", "Decrypt", "Decrypt"], steps.Where(step => step.Step == EnclaveConnectionStep.CommandSent).Select(step => step.Operation));
        Assert.Equal(
            [
                new(EnclaveConnectionStep.Connected, null),
                new(EnclaveConnectionStep.Succeeded, "SetClient"),
                new(EnclaveConnectionStep.Succeeded, "Decrypt"),
                new(EnclaveConnectionStep.Refused, "Decrypt"),
                new(EnclaveConnectionStep.DuplicateSkipped, "Decrypt"),
                new(EnclaveConnectionStep.Refused, "Decrypt"),
            ],
            steps.Where(step => step.Step != EnclaveConnectionStep.CommandSent));
    }

    [Fact]
    public async Task SendAsync_after_a_broken_response_is_refused_at_once()
    {
        await using var enclave = FakeEnclave.Start("no JSON\0");
        await using EnclaveConnection connection = await ConnectAsync(enclave);
        EnclaveException first = await DecryptFailureAsync(connection);

        EnclaveException second = await DecryptFailureAsync(connection);

        Assert.Equal((EnclaveFailure.ProtocolBroken, EnclaveFailure.ProtocolBroken), (first.Failure, second.Failure));
        Assert.Single(enclave.Received);
    }

    [Fact]
    public async Task DisposeAsync_cancels_what_waits_and_may_be_called_twice()
    {
        var received = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            received.SetResult();
            await self.ReadMessageAsync(stream);
        });
        EnclaveConnection connection = await ConnectAsync(enclave);
        Task<DecryptResponse> waiting = connection.DecryptAsync(Decrypt());
        await received.Task.WaitAsync(Patience);

        await connection.DisposeAsync();
        await connection.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.DecryptAsync(Decrypt()));
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(16 * 1024 * 1024 + 1)]
    public void VsockBufferSize_out_of_range_is_refused(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new EnclaveConnectionOptions { VsockBufferSize = (ulong)size });

    [Fact]
    public async Task ConnectAsync_nobody_there_is_reported_as_that()
    {
        using var directory = new TempDirectory();
        string address = "unix:" + directory["missing"];

        EnclaveException e = await Assert.ThrowsAsync<EnclaveException>(() => EnclaveConnection.ConnectAsync(StreamAddress.Parse(address)));

        Assert.Equal((EnclaveFailure.CouldNotConnect, null), (e.Failure, e.Operation));
        Assert.Equal($"Could not connect to the enclave at {address}: The Unix socket does not exist.", e.Message);
    }

    private static string Unescaped(string json) => JsonElement.Parse($"\"{json}\"").GetString()!;

    private static async Task WriteByteByByteAsync(FakeEnclave enclave, NetworkStream stream, string text)
    {
        foreach (char c in text)
        {
            await enclave.WriteAsync(stream, c.ToString());
        }
    }

    private static Task<EnclaveConnection> ConnectAsync(FakeEnclave enclave, TimeSpan? timeout = null) => EnclaveConnection.ConnectAsync(
        enclave.Address, new EnclaveConnectionOptions { Timeout = timeout ?? Patience });

    private static async Task SetClientAsync(EnclaveConnection connection)
    {
        using var command = new SetClientCommand { AwsAccessKeyId = "AKID", AwsSecretAccessKey = SensitiveBytes.CopyOf("SECRET"u8) };
        await connection.SetClientAsync(command, CancellationToken.None);
    }

    private static DecryptCommand Decrypt() => new() { Ciphertext = new byte[] { 1, 2, 3 } };

    private static async Task<string> DecryptAsync(EnclaveConnection connection)
    {
        using DecryptResponse reply = await connection.DecryptAsync(Decrypt(), CancellationToken.None);
        return Encoding.UTF8.GetString(reply.Plaintext!.Span);
    }

    private static Task<EnclaveException> DecryptFailureAsync(EnclaveConnection connection) =>
        Assert.ThrowsAsync<EnclaveException>(() => connection.DecryptAsync(Decrypt(), CancellationToken.None));

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(actual)), actual);
}
