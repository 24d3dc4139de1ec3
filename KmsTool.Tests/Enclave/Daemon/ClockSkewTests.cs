namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>An enclave's clock may be hours off: signatures take KMS's time then.</summary>
public class ClockSkewTests
{
    [Theory]
    [InlineData(-3)]
    [InlineData(3)]
    public async Task Decrypt_withAClockThatIsHoursOff_isSignedWithKmsTime(int hours)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(time: new ShiftedTime(TimeSpan.FromHours(hours)));
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    /// <summary>All of them are signed before the first answer tells the time.</summary>
    [Fact]
    public async Task Decrypts_atOnceWithAClockThatIsHoursOff_areAllSignedWithKmsTime()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(time: new ShiftedTime(TimeSpan.FromHours(3)));
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8)) + "\0";

        await peer.SendAsync(string.Concat(Enumerable.Repeat(decrypt, 16)));

        for (int i = 0; i < 16; i++)
        {
            Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
        }
    }

    private static string Decrypt(string ciphertext) => $$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}"}""";

    private sealed class ShiftedTime(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
    }
}
