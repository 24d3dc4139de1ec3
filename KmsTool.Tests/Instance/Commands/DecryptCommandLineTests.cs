using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Instance.Commands;

public class DecryptCommandLineTests
{
    [Theory]
    [InlineData("--cid 16 AAAA")]
    [InlineData("AAAA --cid 16")]
    [InlineData("--cid=16 AAAA")]
    [InlineData("-c 16 AAAA")]
    [InlineData("-c=16 AAAA")]
    [InlineData("-c16 AAAA")]
    [InlineData("--cid 0x10 AAAA")]
    [InlineData("--port 3000 --cid 16 AAAA")]
    [InlineData("-p 3000 AAAA -c 16")]
    [InlineData("--cid 16 -- AAAA")]
    [InlineData("decrypt --cid 16 AAAA")]
    [InlineData("decrypt AAAA --cid 16")]
    [InlineData("--cid 16 decrypt AAAA")]
    [InlineData("--cid vsock:16:3000 AAAA")]
    [InlineData("--cid=vsock:16:3000 AAAA")]
    public async Task Bind_ways_to_write_the_same_mean_the_same(string line)
    {
        DecryptSettings request = Bind(line.Split(' '));

        Assert.Equal(new StreamAddress.Vsock(16, 3000), request.Enclave.Address);
        Assert.Equal([0, 0, 0], await request.Ciphertext.ReadAsync(CancellationToken.None));
        Assert.Null(request.Enclave.Region);
        Assert.Null(request.Command.EncryptionContext);
        Assert.Null(request.Command.GrantTokens);
        Assert.Equal(OutputFormat.Text, request.Output);
        Assert.Equal(TimeSpan.FromSeconds(60), request.Enclave.Timeout);
        Assert.Equal(LogLevel.Warning, request.Enclave.LogLevel);
    }

    [Fact]
    public void Bind_every_option_arrives()
    {
        DecryptSettings request = Bind(
            "-c", "7", "-p", "0x1389", "-r", "eu-central-1", "-e", "a=1", "--encryption-context=b=2=2", "-e", "empty=",
            "--key-id", "alias/k", "--encryption-algorithm", "RSAES_OAEP_SHA_256", "--grant-token", "t1", "--grant-token", "t2",
            "--output", "json", "--vsock-buffer-size", "3584", "--timeout", "1.5", "--log-level", "trace", "AAAA");

        Assert.Equal(new StreamAddress.Vsock(7, 5001), request.Enclave.Address);
        Assert.Equal(3584UL, request.Enclave.Sockets.VsockBufferSize);
        Assert.Equal("eu-central-1", request.Enclave.Region);
        Assert.Equal(
            new Dictionary<string, string> { ["a"] = "1", ["b"] = "2=2", ["empty"] = "" }, request.Command.EncryptionContext);
        Assert.Equal("alias/k", request.Command.KeyId);
        Assert.Equal("RSAES_OAEP_SHA_256", request.Command.EncryptionAlgorithm);
        Assert.Equal(["t1", "t2"], request.Command.GrantTokens);
        Assert.Equal(OutputFormat.Json, request.Output);
        Assert.Equal(TimeSpan.FromSeconds(1.5), request.Enclave.Timeout);
        Assert.Equal(LogLevel.Trace, request.Enclave.LogLevel);
    }

    [Theory]
    [InlineData("unix:/tmp/e.sock")]
    [InlineData("tcp:127.0.0.1:3000")]
    [InlineData("tcp:[::1]:3000")]
    public void Bind_address_in_full_is_taken_as_it_is(string address) =>
        Assert.Equal(address, Bind("--cid", address, "AAAA").Enclave.Address.ToString());

    [Fact]
    public void Bind_argument_that_looks_like_a_response_file_or_directive_is_a_value()
    {
        DecryptSettings request = Bind("[diagram]", "-c", "4", "-e", "@a=@b", "--file", "@file");

        Assert.Equal("@b", request.Command.EncryptionContext!["@a"]);
    }

    [Fact]
    public void Bind_empty_region_is_none() => Assert.Null(Bind("--cid", "16", "--region", "", "AAAA").Enclave.Region);

    [Theory]
    [InlineData("--region=")]
    [InlineData("-r=")]
    public void Bind_region_without_anything_after_the_equals_sign_is_none(string region)
    {
        DecryptSettings request = Bind("--cid", "16", region, "AAAA", "--key-id=alias/a=");

        Assert.Null(request.Enclave.Region);
        Assert.Equal("alias/a=", request.Command.KeyId);
    }

    [Fact]
    public void Bind_value_without_anything_after_the_equals_sign_is_empty_and_not_the_next_word()
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Bind("--cid", "16", "--key-id=", "AAAA"));

        Assert.StartsWith("--key-id", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_debug_is_the_log_level_debug() => Assert.Equal(LogLevel.Debug, Bind("--cid", "16", "--debug", "AAAA").Enclave.LogLevel);

    [Theory]
    [InlineData("file://", "AQID\n")]
    [InlineData("fileb://", "\u0001\u0002\u0003")]
    public async Task Bind_file_reference_is_the_content(string prefix, string content)
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["c"], content);

        DecryptSettings request = Bind("--cid", "16", prefix + directory["c"]);

        Assert.Equal([1, 2, 3], await request.Ciphertext.ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("AAAA", "'--cid' is required")]
    [InlineData("--cid 16", "No ciphertext")]
    [InlineData("--cid 16 AAAA BBBB", "'BBBB'")]
    [InlineData("--cid 16 AAAA --file f", "Two ciphertexts")]
    [InlineData("--cid 16 AAAA --file-format raw", "--file-format raw goes with --file or -")]
    [InlineData("--cid 16 --file f --file-format hex", "hex")]
    [InlineData("--cid 16 AAAA --bogus", "--bogus")]
    [InlineData("--cid 0 AAAA", "not an enclave's CID")]
    [InlineData("--cid 4294967295 AAAA", "not an enclave's CID")]
    [InlineData("--cid 4294967296 AAAA", "neither a CID nor an address")]
    [InlineData("--cid -1 AAAA", "'-1'")]
    [InlineData("--cid sixteen AAAA", "neither a CID nor an address")]
    [InlineData("--cid vsock:3000 AAAA", "neither a CID nor an address")]
    [InlineData("--cid tcp:127.0.0.1:0 AAAA", "neither a CID nor an address")]
    [InlineData("--cid unix: AAAA", "neither a CID nor an address")]
    [InlineData("--cid unix:/e --port 3000 AAAA", "--port goes with a CID only")]
    [InlineData("--cid 16 --port 0 AAAA", "not a vsock port")]
    [InlineData("--cid 16 --port x AAAA", "not a vsock port")]
    [InlineData("--cid 16 --port 4294967295 AAAA", "not a vsock port")]
    [InlineData("--cid 16 --port AAAA", "not a vsock port")]
    [InlineData("--cid 16 --cid 17 AAAA", "--cid")]
    [InlineData("--cid 16 -e novalue AAAA", "has no '='")]
    [InlineData("--cid 16 -e =value AAAA", "has no name")]
    [InlineData("--cid 16 -e a=1 -e a=2 AAAA", "the name 'a' twice")]
    [InlineData("--cid 16 --region EU AAAA", "not an AWS region")]
    [InlineData("--cid 16 --output yaml AAAA", "yaml")]
    [InlineData("--cid 16 --timeout 0 AAAA", "not a time")]
    [InlineData("--cid 16 --timeout -3 AAAA", "-3")]
    [InlineData("--cid 16 --timeout NaN AAAA", "not a time")]
    [InlineData("--cid 16 --timeout 1e9 AAAA", "not a time")]
    [InlineData("--cid 16 --log-level loud AAAA", "loud")]
    [InlineData("--cid 16 --log-level debug --debug AAAA", "--debug")]
    [InlineData("--cid 16 fileb://c --file f", "fileb://")]
    [InlineData("--cid 16 file://c --file-format raw", "file://")]
    [InlineData("--cid 16 --encryption-algorithm AES AAAA", "AES")]
    [InlineData("--cid 16 --encryption-algorithm RSAES_OAEP_SHA_1 AAAA", "needs --key-id")]
    [InlineData("--cid 16 AAAA --connections 4", "--connections goes with --batch only")]
    [InlineData("--cid 16 AAAA --continue-on-error", "--continue-on-error goes with --batch only")]
    [InlineData("--cid 16 --batch f AAAA", "not both")]
    [InlineData("--cid 16 --batch f --file g", "one a line")]
    [InlineData("--cid 16 --batch f --file-format base64", "--file-format goes with --file")]
    [InlineData("--cid 16 --batch f --dry-run", "--dry-run does not go with --batch")]
    [InlineData("--cid 16 --batch f --output raw", "--output raw does not go with --batch")]
    [InlineData("--cid 16 --batch f --connections 0", "'0' is not a number from 1 to 64")]
    [InlineData("--cid 16 --batch f --connections 65", "'65' is not a number from 1 to 64")]
    [InlineData("--cid 16 --batch f --connections x", "'x' is not a number")]
    public void Bind_wrong_usage_is_refused_and_named(string line, string named)
    {
        string[] arguments = line.Split(' ');

        CommandFailedException e = Assert.Throws<CommandFailedException>(
            () => arguments.Contains("--batch") ? (object)BindBatch(arguments) : Bind(arguments));

        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--key-id", "--key-id must have")]
    [InlineData("--cid", "neither a CID nor an address")]
    public void Bind_empty_value_as_an_unset_variable_gives_it_is_refused(string option, string named)
    {
        string[] cid = option == "--cid" ? [] : ["--cid", "16"];

        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Bind([.. cid, option, "", "AAAA"]));

        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_eleven_grant_tokens_are_refused()
    {
        IEnumerable<string> tokens = Enumerable.Range(1, 11).SelectMany(i => new[] { "--grant-token", $"t{i}" });

        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Bind(["--cid", "16", "AAAA", .. tokens]));

        Assert.Contains("10 times", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BindBatch_every_option_arrives()
    {
        BatchSettings request = BindBatch(
            "decrypt", "-c", "7", "--batch", "-", "-e", "a=1", "--key-id", "alias/k", "--grant-token", "t1", "--output", "json",
            "--connections", "64", "--continue-on-error");

        Assert.Equal(new StreamAddress.Vsock(7, 3000), request.Enclave.Address);
        Assert.Equal("alias/k", request.Command.KeyId);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1" }, request.Command.EncryptionContext);
        Assert.Equal(["t1"], request.Command.GrantTokens);
        Assert.Equal(("-", 64, true, OutputFormat.Json), Describe(request));
        Assert.Equal(("f", 4, false, OutputFormat.Text), Describe(BindBatch("-c", "7", "--batch", "f")));
    }

    private static DecryptSettings Bind(params string[] arguments) => Parse(arguments, (decrypt, parsed) => decrypt.Bind(parsed));

    private static (string Path, int Connections, bool ContinuesOnError, OutputFormat Format) Describe(BatchSettings request) =>
        (request.Path, request.Connections, request.ContinuesOnError, request.Format);

    private static BatchSettings BindBatch(params string[] arguments) => Parse(arguments, (decrypt, parsed) => decrypt.BindBatch(parsed));

    private static T Parse<T>(string[] arguments, Func<DecryptCommandLine, ParseResult, T> bind)
    {
        var decrypt = new DecryptCommandLine();
        ParseResult parsed = CommandRunner.Parse(KmsTool.Instance.Program.BuildCommandTree("kmstool-instance", decrypt), arguments);
        return parsed.Errors.Count == 0
            ? bind(decrypt, parsed)
            : throw new CommandFailedException(ExitCode.WrongUsage, parsed.Errors[0].Message);
    }
}
