using System.Net;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;
using KmsTool.Simulator.Faults;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary>Each fault does what it says to requests with a Recipient, and nothing to others.</summary>
public sealed class KmsFaultTests : IAsyncLifetime
{
    private static readonly byte[] Plaintext = "a plaintext of more than one block of AES"u8.ToArray();

    private RunningSimulator _simulator = null!;
    private RecipientKeyPair _keyPair = null!;
    private string _keyArn = null!;

    public async Task InitializeAsync()
    {
        _simulator = await RunningSimulator.StartAsync();
        _keyPair = RecipientKeyPair.Generate();
        _keyArn = _simulator.Host.CreateKey();
    }

    public async Task DisposeAsync()
    {
        _keyPair.Dispose();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task NoFault_answersForTheRecipient()
    {
        using JsonDocument answer = await DecryptAsync();

        Assert.False(answer.RootElement.TryGetProperty("Plaintext", out _));
        Assert.Equal(_keyArn, answer.RootElement.GetProperty("KeyId").GetString());
        Assert.Equal(Plaintext, Open(answer));
    }

    [Fact]
    public async Task MissingCiphertextForRecipient()
    {
        _simulator.Host.Faults[SimulatorFault.KmsMissingCiphertextForRecipient] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.False(answer.RootElement.TryGetProperty("CiphertextForRecipient", out _));
        Assert.False(answer.RootElement.TryGetProperty("Plaintext", out _));
        Assert.True(answer.RootElement.TryGetProperty("KeyId", out _));
    }

    [Fact]
    public async Task PlaintextBeside()
    {
        _simulator.Host.Faults[SimulatorFault.KmsPlaintextBeside] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.Equal(Plaintext, answer.RootElement.GetProperty("Plaintext").GetBytesFromBase64());
        Assert.Equal(Plaintext, Open(answer));
    }

    [Fact]
    public async Task EmptyPlaintext()
    {
        _simulator.Host.Faults[SimulatorFault.KmsEmptyPlaintext] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.Empty(Open(answer));
    }

    [Theory]
    [InlineData(nameof(SimulatorFault.KmsMalformedEnvelope))]
    [InlineData(nameof(SimulatorFault.KmsTruncatedEnvelope))]
    [InlineData(nameof(SimulatorFault.KmsForeignEnvelope))]
    public async Task EnvelopeThatCannotBeOpened(string fault)
    {
        _simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.Throws<RecipientEnvelopeException>(() => Open(answer));
    }

    [Theory]
    // Context [0], primitive or constructed of several OCTET STRINGs, in place of constructed of one.
    [InlineData(nameof(SimulatorFault.KmsPrimitiveEnvelope))]
    [InlineData(nameof(SimulatorFault.KmsChunkedEnvelope))]
    public async Task EnvelopeOfAnotherShape(string fault)
    {
        using JsonDocument usual = await DecryptAsync();
        _simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.Equal(Plaintext, Open(answer));
        Assert.NotEqual(Envelope(usual).Length, Envelope(answer).Length);
    }

    [Fact]
    public async Task WrongKeyId()
    {
        _simulator.Host.Faults[SimulatorFault.KmsWrongKeyId] = true;

        using JsonDocument answer = await DecryptAsync();

        Assert.NotEqual(_keyArn, answer.RootElement.GetProperty("KeyId").GetString());
        Assert.Equal(Plaintext, Open(answer));
    }

    [Fact]
    public async Task EmptyAnswer()
    {
        _simulator.Host.Faults[SimulatorFault.KmsEmptyAnswer] = true;

        using HttpResponseMessage response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task NotJson()
    {
        _simulator.Host.Faults[SimulatorFault.KmsNotJson] = true;

        using HttpResponseMessage response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("<html>", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InternalError()
    {
        _simulator.Host.Faults[SimulatorFault.Kms500] = true;

        using HttpResponseMessage response = await PostAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("KMSInternalException", await RawKms.ErrorOf(response));
    }

    [Theory]
    [InlineData(nameof(SimulatorFault.KmsThrottleOnce), "ThrottlingException")]
    [InlineData(nameof(SimulatorFault.KmsExpiredTokenOnce), "ExpiredTokenException")]
    public async Task ErrorOnce(string fault, string error)
    {
        _simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;

        using HttpResponseMessage first = await PostAsync();
        using HttpResponseMessage second = await PostAsync();

        Assert.Equal(HttpStatusCode.BadRequest, first.StatusCode);
        Assert.Equal(error, await RawKms.ErrorOf(first));
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
    }

    [Fact]
    public async Task Slow_answersNotBeforeTheDelay()
    {
        _simulator.Host.Faults.SlowDelay = TimeSpan.FromHours(1);
        _simulator.Host.Faults[SimulatorFault.KmsSlow] = true;
        var kms = new RawKms(_simulator);

        Task<HttpResponseMessage> slow = kms.PostAsync("Decrypt", await RequestAsync());
        using HttpResponseMessage other = await kms.PostAsync("ListKeys", "{}");

        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.False(slow.IsCompleted);
        await _simulator.Host.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => slow);
    }

    [Fact]
    public async Task CloseMidAnswer()
    {
        _simulator.Host.Faults[SimulatorFault.KmsCloseMidAnswer] = true;

        await Assert.ThrowsAnyAsync<HttpRequestException>(PostAsync);
    }

    [Fact]
    public async Task AnyFault_ofKms_leavesRequestsWithoutRecipientAlone()
    {
        foreach (SimulatorFault fault in Enum.GetValues<SimulatorFault>().Where(f => f.ToString().StartsWith("Kms", StringComparison.Ordinal)))
        {
            _simulator.Host.Faults[fault] = true;
        }

        byte[] blob = _simulator.Host.Encrypt(_keyArn, Plaintext);

        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("Decrypt", JsonSerializer.Serialize(new { CiphertextBlob = blob }));
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());

        Assert.Equal(Plaintext, answer.RootElement.GetProperty("Plaintext").GetBytesFromBase64());
    }

    private async Task<JsonDocument> DecryptAsync()
    {
        using HttpResponseMessage response = await PostAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
    }

    private async Task<HttpResponseMessage> PostAsync() => await new RawKms(_simulator).PostAsync("Decrypt", await RequestAsync());

    private async Task<string> RequestAsync()
    {
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(_simulator.Host.NsmAddress);
        return JsonSerializer.Serialize(new
        {
            CiphertextBlob = _simulator.Host.Encrypt(_keyArn, Plaintext),
            Recipient = new { AttestationDocument = await nsm.AttestAsync(_keyPair.PublicKey), KeyEncryptionAlgorithm = "RSAES_OAEP_SHA_256" },
        });
    }

    private static byte[] Envelope(JsonDocument answer) => answer.RootElement.GetProperty("CiphertextForRecipient").GetBytesFromBase64();

    private byte[] Open(JsonDocument answer)
    {
        using SensitiveBytes plaintext = _keyPair.Open(Envelope(answer));
        return plaintext.Span.ToArray();
    }
}
