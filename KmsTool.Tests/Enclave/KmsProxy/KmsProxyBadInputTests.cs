using System.Net.Sockets;
using System.Text;
using static KmsTool.Tests.Enclave.KmsProxy.KmsProxyCallersTests;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>What is no request of KMS's: an error in KMS's shape, nothing forwarded (there is nothing to forward to), no crash.</summary>
public sealed class KmsProxyBadInputTests
{
    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"KeyId":"a","KeyId":"b"}""")]
    [InlineData("""{"KeyId":"a","\u004BeyId":"b"}""")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""")]
    [InlineData("""{"\ud800":1}""")]
    public async Task Body_that_is_no_object_is_refused(string body)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        AssertError(400, "SerializationException", await proxy.SendAsync(proxy.Signed("Decrypt", body)), out _);
    }

    [Theory]
    [InlineData("""{"KeyId":1}""")]
    [InlineData("""{"KeyId":"\ud800"}""")]
    [InlineData("""{"EncryptionContext":"a"}""")]
    [InlineData("""{"EncryptionContext":{"a":1}}""")]
    [InlineData("""{"EncryptionAlgorithm":[]}""")]
    [InlineData("""{"CiphertextBlob":"AAAA","Recipient":{"KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256","AttestationDocument":"AAAA"}}""")]
    [InlineData("""{"CiphertextBlob":"AAAA","recipient":null}""")]
    public async Task Member_that_is_not_the_callers_or_not_of_its_type_is_refused(string body)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        AssertError(400, "ValidationException", await proxy.SendAsync(proxy.Signed("Decrypt", body)), out _);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1", "POST / HTTP/1.0", 505, "SerializationException")]
    [InlineData("POST / HTTP/1.1", "GET / HTTP/1.1", 404, "UnknownOperationException")]
    [InlineData("POST / HTTP/1.1", "PUT / HTTP/1.1", 404, "UnknownOperationException")]
    [InlineData("POST / HTTP/1.1", "POST /other HTTP/1.1", 404, "UnknownOperationException")]
    [InlineData("POST / HTTP/1.1", "POST /? HTTP/1.1", 404, "UnknownOperationException")]
    [InlineData("application/x-amz-json-1.1", "application/json", 415, "SerializationException")]
    [InlineData("Content-Type: application/x-amz-json-1.1\r\n", "", 415, "SerializationException")]
    [InlineData("Content-Length: 19", "Transfer-Encoding: chunked", 411, "SerializationException")]
    public async Task Request_of_another_form_is_refused(string part, string replacement, int status, string code)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        string signed = proxy.Signed("GenerateRandom", """{"NumberOfBytes":8}""");
        Assert.Contains(part, signed, StringComparison.Ordinal);

        AssertError(status, code, await proxy.SendAsync(signed.Replace(part, replacement, StringComparison.Ordinal)), out _);
    }

    [Theory]
    [InlineData("NoService.Decrypt")]
    [InlineData("TrentService.")]
    [InlineData("TrentService.Decrypt.Decrypt")]
    [InlineData("TrentService.Decrypt\t")]
    [InlineData("trentservice.Decrypt")]
    [InlineData("TrentService.decrypt")]
    [InlineData("DynamoDB_20120810.GetItem")]
    public async Task Target_that_is_no_operation_of_KMS_is_refused(string target)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        string answer = await proxy.SendAsync(proxy.Signed("Decrypt", "{}", headers: ("X-Amz-Target", target)));

        if (target.TrimEnd() == "TrentService.Decrypt")
        {
            AssertError(503, "KmsUnreachableException", answer, out _);
        }
        else
        {
            AssertError(400, "UnknownOperationException", answer, out _);
        }
    }

    [Fact]
    public async Task Body_over_one_MiB_is_refused()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        string most = $$"""{"a":"{{new string('x', (1024 * 1024) - 8)}}"}""";

        string taken = await proxy.SendAsync(proxy.Signed("Decrypt", most));
        // The head is enough to know.
        string refused = await proxy.SendAsync(proxy.Signed("Decrypt", most + " ").Split("\r\n\r\n")[0] + "\r\n\r\n");

        AssertError(503, "KmsUnreachableException", taken, out _);
        AssertError(413, "SerializationException", refused, out _);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        string one = proxy.Signed("GenerateRandom", """{"NumberOfBytes":1}""");
        string two = proxy.Signed("GenerateRandom", """{"NumberOfBytes":"x"}""");
        string three = proxy.Signed("GenerateRandom", """{"NumberOfBytes":3}""").Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal);

        string answers = await proxy.SendAsync(one + two + three, closes: true);

        int[] found = [answers.IndexOf("\"Plaintext\":", StringComparison.Ordinal), answers.IndexOf("__type", StringComparison.Ordinal), answers.LastIndexOf("\"Plaintext\":", StringComparison.Ordinal)];
        Assert.DoesNotContain(-1, found);
        Assert.Equal(found.Order(), found);
        Assert.Equal(3, answers.Split("HTTP/1.1 ").Length - 1);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-1)]
    public async Task Request_that_ends_too_early_harms_nobody(int length)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        string signed = proxy.Signed("GenerateRandom", """{"NumberOfBytes":8}""");
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(proxy.Proxy.Address.Host, proxy.Proxy.Address.Port);
            await socket.SendAsync(Encoding.UTF8.GetBytes(length < 0 ? signed[..^1] : signed[..length]));
            socket.Shutdown(SocketShutdown.Send);
            byte[] buffer = new byte[4096];
            try
            {
                while (await socket.ReceiveAsync(buffer).WaitAsync(EnclavePeer.Patience) > 0)
                {
                    // Until it closes.
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Or breaks off.
            }
        }

        Assert.Equal(8, (await proxy.Client().GenerateRandomAsync(8)).Plaintext.Length);
    }

    [Fact]
    public async Task Slow_requests_are_given_up_and_others_served_meanwhile()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(
            configure: options => options with { HeadTimeout = TimeSpan.FromSeconds(1), BodyPatience = TimeSpan.FromSeconds(1.5) });
        string signed = proxy.Signed("GenerateRandom", """{"NumberOfBytes":8}""");

        Task<string> slowHead = proxy.SendAsync(signed[..40], closes: true);
        Task<string> slowBody = proxy.SendAsync(signed[..^1], closes: true);
        Assert.Equal(8, (await proxy.Client().GenerateRandomAsync(8)).Plaintext.Length);

        // Before there is a request there is nobody to answer as KMS does.
        Assert.StartsWith("HTTP/1.1 408", await slowHead, StringComparison.Ordinal);
        AssertError(408, "SerializationException", await slowBody, out _);
    }

    [Fact]
    public async Task Body_of_an_unknown_caller_is_not_waited_for()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        string head = proxy.Signed("Decrypt", "{}").Split("\r\n\r\n")[0].Replace("Credential=", "Credential=X", StringComparison.Ordinal);

        using Socket caller = await proxy.ConnectAsync();
        await caller.SendAsync(Encoding.ASCII.GetBytes(head + "\r\n\r\n"));
        byte[] answer = new byte[12];
        await new NetworkStream(caller).ReadExactlyAsync(answer).AsTask().WaitAsync(EnclavePeer.Patience);

        Assert.Equal("HTTP/1.1 403", Encoding.ASCII.GetString(answer));
    }

    [Fact]
    public async Task Body_that_trickles_in_is_given_up_when_its_time_is_over()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(
            configure: options => options with { RequestTimeout = TimeSpan.FromSeconds(1), BodyPatience = TimeSpan.FromMinutes(1) });

        AssertError(408, "SerializationException", await proxy.SendAsync(proxy.Signed("Decrypt", "{}")[..^1]), out _);
    }
}
