using System.Text.RegularExpressions;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Instance;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// Error texts are put together from those of the system, of KMS and of an enclave: the whole is one line that ends once.
/// </summary>
public sealed partial class ErrorTextTests : IDisposable
{
    private static readonly Dictionary<string, string> Credentials = new()
    {
        ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE000000000",
        ["AWS_SECRET_ACCESS_KEY"] = "secret",
    };

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(4, "kmstool-instance --cid unix:/nonexistent/e.sock REVOWXh4")]
    [InlineData(4, "kmstool-instance --cid tcp:127.0.0.1:1 REVOWXh4")]
    [InlineData(4, "kmstool-instance vsock-proxy unix:/nonexistent/p.sock 127.0.0.1 443 --log-level none")]
    [InlineData(2, "kmstool-instance vsock-proxy --config /nonexistent/proxy.yaml 8000 127.0.0.1 443")]
    [InlineData(2, "kmstool-instance --cid 16 --file /nonexistent/secret")]
    [InlineData(2, "kmstool-instance --cid 16 fileb:///nonexistent/secret")]
    [InlineData(2, "kmstool-instance --cid 16 --batch /nonexistent/secrets")]
    [InlineData(2, "kmstool-instance measure /nonexistent/image.eif")]
    [InlineData(1, "kmstool-instance measure /dev/null")]
    [InlineData(2, "kmstool-instance verify-attestation /nonexistent/document")]
    [InlineData(1, "kmstool-instance verify-attestation /dev/null")]
    [InlineData(2, "kmstool-instance verify-attestation --root /nonexistent/root.pem /dev/null")]
    [InlineData(3, "kmstool-instance credentials --profile none")]
    [InlineData(2, "kmstool-instance --cid 16 decript")]
    [InlineData(2, "kmstool-instance --cid 16 --zzz")]
    [InlineData(4, "kmstool-enclave serve --nsm unix:/nonexistent/nsm.sock")]
    [InlineData(4, "kmstool-enclave serve --nsm /nonexistent/nsm")]
    [InlineData(2, "kmstool-enclave serve --ca-bundle /nonexistent/ca.pem")]
    [InlineData(4, "kmstool-enclave genrandom --length 1 --nsm unix:/nonexistent/nsm.sock")]
    [InlineData(2, "kmstool-enclave decrypt --ciphertext file:///nonexistent/secret")]
    [InlineData(2, "kmstool-enclave derive-shared-secret --key-id k --public-key fileb:///nonexistent/key")]
    [InlineData(2, "kmstool-enclave kms-proxy --config /nonexistent/enclaver.yaml --environment-file f")]
    [InlineData(1, "kmstool-simulator nsm --dir /nonexistent --listen unix:/nonexistent/nsm.sock --pcr0 PCR")]
    [InlineData(1, "kmstool-simulator run --dir /dev/null/sim")]
    public async Task Failure_is_one_line_that_ends_once(int exitCode, string line)
    {
        string[] words = line.Replace("PCR", new string('a', 96), StringComparison.Ordinal).Split(' ');

        ProgramResult result = await ProgramRunner.RunAsync(words[0], words[1..], line.Contains("credentials", StringComparison.Ordinal) ? null : Credentials);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        AssertEndsOnce(result.Error);
    }

    [Theory]
    [InlineData("genrandom", "--length", "1", "--proxy", "unix:/nonexistent/kms.sock", "--log-level", "none")]
    [InlineData("genrandom", "--length", "1", "--proxy", "tcp:127.0.0.1:1", "--log-level", "none")]
    [InlineData("serve", "--listen", "unix:/nonexistent/e.sock", "--log-level", "none")]
    [InlineData("serve", "--listen", "unix:/dev/null", "--log-level", "none")]
    public async Task Failure_inside_an_enclave_is_one_line_that_ends_once(params string[] arguments)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-enclave", arguments, new Dictionary<string, string>([.. EnclaveEnvironment.Of(enclave), .. Credentials]));

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        AssertEndsOnce(result.Error);
    }

    [Theory]
    [InlineData("Could not decrypt ciphertext: KMSInternalException: ", "KMSInternalException")]
    [InlineData("Could not decrypt ciphertext: KMSInternalException", "KMSInternalException")]
    [InlineData("Could not decrypt ciphertext: KmsUnreachable: is the parent's vsock-proxy running?", "KmsUnreachable")]
    [InlineData("Could not decrypt ciphertext: Told twice.", "Told")]
    [InlineData("", "KMSInternalException")]
    public async Task Refusal_by_an_enclave_is_one_line_that_ends_once(string message, string code)
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalOk, $$"""{"Status":"Error","Message":"{{message}}","Code":"{{code}}"}""" + "\0");

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["--cid", enclave.Address.ToString(), "REVOWXh4"], Credentials);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(code, result.Error, StringComparison.Ordinal);
        AssertEndsOnce(result.Error);
    }

    [Theory]
    [InlineData("Is it running?", "Is it running?")]
    [InlineData("It is gone.", "It is gone.")]
    [InlineData("It is gone..", "It is gone.")]
    [InlineData("It is gone", "It is gone.")]
    [InlineData("KMSInternalException: ", "KMSInternalException.")]
    public void EndSentence_ends_a_text_once(string text, string expected) => Assert.Equal(expected, TerminalText.EndSentence(text));

    [Theory]
    [InlineData("", "Could not decrypt ciphertext: KMSInternalException")]
    [InlineData("try again", "Could not decrypt ciphertext: KMSInternalException: try again")]
    public void Failed_without_a_reason_ends_with_the_code(string reason, string expected) =>
        Assert.Equal(expected, ErrorTexts.Failed("Decrypt", "KMSInternalException", reason));

    private static void AssertEndsOnce(string error)
    {
        string line = Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.True(line.EndsWith('.') || line.EndsWith('?'), line);
        Assert.DoesNotMatch(DoublePunctuation(), line);
        // ENOENT of a Unix socket, in the words for an IP address.
        Assert.DoesNotContain("Cannot assign requested address", line, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"[?!:;,(]\s*[.:;,)?]|\.\s*[.:;,)]|\s\s|\s$|\(\s")]
    private static partial Regex DoublePunctuation();
}
