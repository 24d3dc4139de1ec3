using System.CommandLine;
using System.Net;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Startup;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Enclave.Commands;

public sealed class ServicesOptionsTests : IDisposable
{
    private const string Key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    private readonly TempDirectory _directory = new();
    private readonly RecordingLogger _log = new();

    [Fact]
    public void Read_ofNothingButARegion_isTheDefaults()
    {
        ServicesSettings options = Read(["--region", "eu-west-1"], Environment("AWS_ACCESS_KEY_ID=AKID"));

        Assert.Equal("eu-west-1", options.Region);
        Assert.Equal((IPAddress.Loopback, 9999, 512), (options.KmsProxy!.Address, options.KmsProxy.Port, options.KmsProxy.MaxConnections));
        Assert.Equal(TimeSpan.FromSeconds(30), options.KmsProxy.RequestTimeout);
        Assert.Equal("https://kms.eu-west-1.amazonaws.com/", Assert.Single(options.KmsProxy.Regions.Endpoints).Value.Uri.ToString());
        Assert.Null(options.Egress);
        Assert.Null(options.Daemon);
        Assert.Equal(CredentialOrigin.Environment, options.Credentials);
        Assert.Equal("vsock:3:8000", options.Kms.Parent.ToString());
        Assert.Equal("nothing else", options.Parent.ToString());
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromHours(1)), (options.Kms.Recipient.AttestationLifetime, options.Kms.Recipient.KeyLifetime));
        Assert.Equal(new StartupSettings(), options.Kms.Startup);
        Assert.Equal(LogLevel.Information, options.LogLevel);
        Assert.Equal(SecretDisclosure.Plaintext, options.Disclosure);
    }

    [Fact]
    public void Read_ofEveryOption_isWhatItSays()
    {
        ServicesSettings options = Read(
        [
            "--region", "eu-west-1", "--kms-proxy-port", "0", "--listen-address", "::1", "--region-endpoint", "us-east-1", "eu-north-1=https://kms.test:8443",
            "--credentials", "push", "--daemon", "unix:/d.sock", "--request-timeout", "1.5", "--max-connections", "7", "--attestation-ttl", "0", "--key-lifetime", "60",
            "--refuse-debug-mode", "--refuse-clock-skew", "--refuse-other-random-source", "--vsock-buffer-size", "3584", "--log-level", "trace", "--allow-key", Key, "--operations", "Decrypt,ListKeys", "--reply", "sha256",
            "--egress-port", "0", "--egress-allow", "a.test", "10.0.0.0/8", "--egress-deny", "b.test", "--egress-proxy", "unix:/p.sock",
            "--egress-route", "KMS.test.:443=unix:/r.sock", "[2001:DB8::1]:80=unix:/s.sock",
        ]);

        Assert.Equal((IPAddress.IPv6Loopback, 0, 7), (options.KmsProxy!.Address, options.KmsProxy.Port, options.KmsProxy.MaxConnections));
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.KmsProxy.RequestTimeout);
        Assert.Equal(
            ["eu-north-1 https://kms.test:8443/", "eu-west-1 https://kms.eu-west-1.amazonaws.com/", "us-east-1 https://kms.us-east-1.amazonaws.com/", "us-west-2 https://kms.us-west-2.amazonaws.com/"],
            options.KmsProxy.Regions.Endpoints.Select(pair => $"{pair.Key} {pair.Value.Uri}").Order());
        Assert.Equal(CredentialOrigin.Push, options.Credentials);
        Assert.Equal((3584UL, 3584UL), (options.Parent.Sockets.VsockBufferSize, options.Kms.Parent.Sockets.VsockBufferSize));
        Assert.Equal("unix:/d.sock", options.Daemon!.ToString());
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromMinutes(1)), (options.Kms.Recipient.AttestationLifetime, options.Kms.Recipient.KeyLifetime));
        Assert.Equal(new StartupSettings { RefuseDebugMode = true, RefuseClockSkew = true, RefuseOtherRandomSource = true }, options.Kms.Startup);
        Assert.Equal(LogLevel.Trace, options.LogLevel);
        Assert.Equal(["Decrypt", "ListKeys"], options.Kms.Pins.Operations);
        Assert.Equal(SecretDisclosure.Sha256, options.Disclosure);
        Assert.Equal(0, options.Egress!.Port);
        Assert.True(options.Egress.Rules.Allows("10.1.1.1"));
        Assert.False(options.Egress.Rules.Allows("b.test"));
        Assert.Equal("kms.test:443 by unix:/r.sock, 2001:db8::1:80 by unix:/s.sock, CONNECT at unix:/p.sock", options.Egress.Parent.ToString());
        ServeSettings daemon = options.ForDaemon(options.Daemon);
        Assert.Equal((options.Kms, options.Disclosure), (daemon.Kms, daemon.Disclosure));
    }

    [Fact]
    public void Read_ofTheLimitsOfTheDaemon_isWhatTheySay()
    {
        ServicesSettings options = Read(
        [
            "--region", "eu-west-1", "--credentials", "push", "--daemon", "unix:/d.sock", "--max-connections", "7", "--daemon-max-connections", "8",
            "--max-message-size", "2048", "--message-budget", "100000", "--max-pending", "9", "--idle-timeout", "1", "--request-timeout", "2",
            "--send-timeout", "3", "--drain-timeout", "4",
        ]);

        Assert.Equal(
            new DaemonLimits
            {
                MaxMessageLength = 2048,
                MessageBudget = 100_000,
                MaxConnections = 8,
                MaxPending = 9,
                IdleTimeout = TimeSpan.FromSeconds(1),
                RequestTimeout = TimeSpan.FromSeconds(2),
                SendTimeout = TimeSpan.FromSeconds(3),
                DrainTimeout = TimeSpan.FromSeconds(4),
            },
            options.ForDaemon(options.Daemon!).Limits);
        Assert.Equal(7, options.KmsProxy!.MaxConnections);
    }

    [Theory]
    [InlineData("--max-message-size", "2048")]
    [InlineData("--message-budget", "100000")]
    [InlineData("--daemon-max-connections", "8")]
    [InlineData("--max-pending", "9")]
    [InlineData("--idle-timeout", "1")]
    [InlineData("--send-timeout", "3")]
    [InlineData("--drain-timeout", "4")]
    public void Read_ofALimitOfTheDaemonWhereThereIsNone_isWrongUsage(params string[] arguments) =>
        Assert.Contains(arguments[0], Refusal(arguments, "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID"), StringComparison.Ordinal);

    [Theory]
    [InlineData("AWS_REGION=eu-west-1,AWS_DEFAULT_REGION=eu-north-1", "eu-west-1")]
    [InlineData("AWS_REGION=eu-west-1,AWS_DEFAULT_REGION=eu-north-1", "us-east-1", "--region", "us-east-1")]
    [InlineData("AWS_DEFAULT_REGION=eu-north-1,REGION=us-east-1", "eu-north-1")]
    [InlineData("", "us-west-2", "--allow-key", Key)]
    [InlineData("", "eu-west-1", "--region-endpoint", "eu-west-1=kms.test")]
    [InlineData("", "us-west-2", "--allow-key", Key, "--region-endpoint", "eu-west-1=kms.test")]
    public void Read_region_isTheOneThatIsNamed(string environment, string expected, params string[] arguments) =>
        Assert.Equal(expected, Read(arguments, Environment(environment + ",AWS_ACCESS_KEY_ID=AKID")).Region);

    [Fact]
    public void Read_oneEndpointForAll_holdsForEveryRegion()
    {
        ServicesSettings options = Read(
            ["--region", "eu-west-1", "--region-endpoint", "us-east-1", "--kms-endpoint", "kms.test:8443"], Environment("AWS_ACCESS_KEY_ID=AKID"));

        Assert.All(options.KmsProxy!.Regions.Endpoints.Values, endpoint => Assert.Equal("kms.test:8443", endpoint.Authority));
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID=AKID", CredentialOrigin.Environment)]
    [InlineData("", CredentialOrigin.Imds)]
    [InlineData("AWS_ACCESS_KEY_ID=", CredentialOrigin.Imds)]
    [InlineData("AWS_ACCESS_KEY_ID=AKID", CredentialOrigin.Imds, "--credentials", "imds")]
    [InlineData("", CredentialOrigin.Environment, "--credentials", "environment")]
    [InlineData("AWS_ACCESS_KEY_ID=AKID", CredentialOrigin.Push, "--credentials", "push", "--daemon", "unix:/d")]
    internal void Read_credentials_areThoseOfTheOptionOrElseOfTheEnvironment(string environment, CredentialOrigin expected, params string[] arguments) =>
        Assert.Equal(expected, Read(["--region", "eu-west-1", "--egress-proxy", "unix:/p", .. arguments], Environment(environment)).Credentials);

    [Theory]
    [InlineData("", "--egress-proxy", "unix:/p")]
    [InlineData("", "--proxy-mode", "connect")]
    [InlineData("", "--egress-route", "169.254.169.254:80=unix:/p")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://IMDS.test:8080/", "--egress-route", "imds.test:8080=unix:/p")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[fd00:ec2::254]", "--egress-route", "[FD00:ec2::254]:80=unix:/p")]
    public void Read_imds_needsOneOfTheseWays(string environment, params string[] arguments) =>
        Assert.Equal(CredentialOrigin.Imds, Read(["--region", "eu-west-1", .. arguments], Environment(environment)).Credentials);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9")]
    [InlineData("::1")]
    public void Read_listenAddress_onLoopback_isTaken(string address) =>
        Assert.Equal(address, Read(["--region", "eu-west-1", "--listen-address", address], Environment("AWS_ACCESS_KEY_ID=AKID")).KmsProxy!.Address.ToString());

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("10.0.0.1")]
    [InlineData("128.0.0.1")]
    public void Read_listenAddress_elsewhere_isRefusedUnlessSomebodyInsists(string address)
    {
        string[] arguments = ["--region", "eu-west-1", "--listen-address", address];

        string message = Refusal(arguments, "AWS_ACCESS_KEY_ID=AKID");
        Assert.Contains("The KMS proxy listens on loopback only", message, StringComparison.Ordinal);
        Assert.Contains("--dangerously-expose-plaintexts-to-the-network", message, StringComparison.Ordinal);

        ServicesSettings options = Read([.. arguments, "--dangerously-expose-plaintexts-to-the-network"], Environment("AWS_ACCESS_KEY_ID=AKID"));
        Assert.Equal(address, options.KmsProxy!.Address.ToString());
    }

    [Theory]
    [InlineData("Name the region", "", "--daemon", "unix:/d")]
    [InlineData("Name the region", "", "--region-endpoint", "eu-west-1", "us-east-1")]
    [InlineData("'nowhere' is not a region code", "", "--region", "nowhere")]
    [InlineData("'nowhere' is not a region code", "AWS_REGION=nowhere")]
    [InlineData("'nowhere' is not a region code", "AWS_REGION=eu-west-1", "--region-endpoint", "nowhere=kms.test")]
    [InlineData("'' is not a region code", "AWS_REGION=eu-west-1", "--region-endpoint", "=kms.test")]
    [InlineData("No partition has a region xx-west-1.", "AWS_REGION=xx-west-1")]
    [InlineData("--region-endpoint us-east-1=: '' is not a KMS endpoint", "AWS_REGION=eu-west-1", "--region-endpoint", "us-east-1=")]
    [InlineData("--region-endpoint us-east-1=http://kms.test: 'http://kms.test': TLS to KMS ends in the enclave", "AWS_REGION=eu-west-1", "--region-endpoint", "us-east-1=http://kms.test")]
    [InlineData("--message-budget 1025 has no room", "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID", "--daemon", "unix:/d", "--message-budget", "1025")]
    [InlineData("--credentials push needs the daemon", "AWS_REGION=eu-west-1", "--credentials", "push")]
    [InlineData("--credentials imds needs a way to 169.254.169.254", "AWS_REGION=eu-west-1")]
    [InlineData("--credentials imds needs a way to 169.254.169.254", "AWS_REGION=eu-west-1", "--egress-route", "169.254.169.254:81=unix:/p")]
    [InlineData("--credentials imds needs a way to 169.254.169.254", "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID", "--credentials", "imds")]
    [InlineData("--egress-route [fd00:ec2::254]:80=ADDRESS", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[fd00:ec2::254]")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'https://a.test' is not http://HOST[:PORT].", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=https://a.test")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'http://[::1%1]' is not", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[::1%1]")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'a.test' is not", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=a.test")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'http://a.test/x' is not", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=http://a.test/x")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'http://a.test/?x' is not", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=http://a.test/?x")]
    [InlineData("AWS_EC2_METADATA_SERVICE_ENDPOINT 'http://u@a.test' is not", "AWS_REGION=eu-west-1,AWS_EC2_METADATA_SERVICE_ENDPOINT=http://u@a.test")]
    [InlineData("--allow-key 'x' is not a key ARN", "AWS_REGION=eu-west-1", "--allow-key", "x")]
    [InlineData("--operations 'listKeys' is not an operation", "AWS_REGION=eu-west-1", "--operations", "listKeys")]
    [InlineData("--operations '' is not an operation", "AWS_REGION=eu-west-1", "--operations", "Decrypt,")]
    [InlineData("--fips (or AWS_USE_FIPS_ENDPOINT) chooses the endpoint", "AWS_REGION=eu-west-1", "--fips", "--kms-endpoint", "kms.test")]
    [InlineData("Egress needs a way out", "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID", "--egress-allow", "a.test")]
    [InlineData("--egress-allow 'a*.test' is neither a host name nor an IP address", "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID", "--egress-allow", "a*.test")]
    [InlineData("--egress-deny '10.1/8' is not a network", "AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID", "--egress-deny", "10.1/8")]
    [InlineData("--egress-route has a.test:443 twice.", "AWS_REGION=eu-west-1", "--egress-route", "a.test:443=unix:/p", "A.test.:443=unix:/q")]
    [InlineData("--egress-route has ::1:443 twice.", "AWS_REGION=eu-west-1", "--egress-route", "[::1]:443=unix:/p", "[0::1]:443=unix:/q")]
    [InlineData("--egress-route 'a.test:443' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", "a.test:443")]
    [InlineData("--egress-route 'a.test=unix:/p' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", "a.test=unix:/p")]
    [InlineData("--egress-route ':443=unix:/p' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", ":443=unix:/p")]
    [InlineData("--egress-route 'a.test:0=unix:/p' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", "a.test:0=unix:/p")]
    [InlineData("--egress-route 'a.test:70000=unix:/p' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", "a.test:70000=unix:/p")]
    [InlineData("--egress-route '10.1:443=unix:/p' is not HOST:PORT=ADDRESS", "AWS_REGION=eu-west-1", "--egress-route", "10.1:443=unix:/p")]
    [InlineData("--egress-route: ", "AWS_REGION=eu-west-1", "--egress-route", "a.test:443=nowhere")]
    [InlineData("There is no file '/nonexistent/enclaver.yaml' (--config).", "AWS_REGION=eu-west-1", "--config", "/nonexistent/enclaver.yaml")]
    public void Read_contradictionsAndMalformedValues_areWrongUsage(string expected, string environment, params string[] arguments) =>
        Assert.Contains(expected, Refusal(arguments, environment), StringComparison.Ordinal);

    [Theory]
    [InlineData("--kms-proxy-port", "65536")]
    [InlineData("--kms-proxy-port", "-1")]
    [InlineData("--egress-port", "x")]
    [InlineData("--listen-address", "localhost")]
    [InlineData("--listen-address", "::1%1")]
    [InlineData("--credentials", "chain")]
    [InlineData("--daemon", "3000")]
    [InlineData("--egress-proxy", "a.test")]
    [InlineData("--request-timeout", "0")]
    [InlineData("--max-connections", "0")]
    [InlineData("--key-lifetime", "59")]
    [InlineData("--attestation-ttl", "-1")]
    [InlineData("--log-level", "loud")]
    [InlineData("--reply", "ciphertext")]
    [InlineData("--proxy-mode", "tunnel")]
    public void Parse_valuesOutOfBounds_areErrors(params string[] arguments) => Assert.NotEmpty(Parse(arguments, out _).Errors);

    [Fact]
    public void Read_config_standsBehindTheOptions()
    {
        string config = Config("""
            version: v1
            kms_proxy:
              listen_port: 8888
              endpoints: {eu-west-1: kms.file.test, us-east-1: kms.us.test}
            egress:
              proxy_port: 7777
              allow: [a.test]
              deny: [b.a.test]
            ingress: []
            """);
        Dictionary<string, string> environment = Environment("AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID");

        ServicesSettings options = Read(["--config", config, "--proxy-mode", "connect"], environment);
        Assert.Equal((8888, 7777), (options.KmsProxy!.Port, options.Egress!.Port));
        Assert.Equal("kms.file.test", options.KmsProxy.Regions.Endpoints["eu-west-1"].Host);
        Assert.Equal("CONNECT at vsock:3:8000", options.Egress.Parent.ToString().Replace("nothing else, ", "", StringComparison.Ordinal));
        Assert.True(options.Egress.Rules.Allows("a.test"));
        Assert.Equal(
            [$"{config}:1: the section 'version' is not for this program and is ignored", $"{config}:9: the section 'ingress' is not for this program and is ignored"],
            _log.Warnings);

        ServicesSettings overridden = Read(
        [
            "--config", config, "--proxy-mode", "connect", "--kms-proxy-port", "1", "--egress-port", "2", "--egress-allow", "c.test",
            "--egress-deny", "a.test", "--region-endpoint", "eu-west-1=kms.option.test", "us-east-1",
        ], environment);
        Assert.Equal((1, 2), (overridden.KmsProxy!.Port, overridden.Egress!.Port));
        Assert.Equal("kms.option.test", overridden.KmsProxy.Regions.Endpoints["eu-west-1"].Host);
        Assert.Equal("kms.us-east-1.amazonaws.com", overridden.KmsProxy.Regions.Endpoints["us-east-1"].Host);
        Assert.True(overridden.Egress.Rules.Allows("c.test"));
        Assert.False(overridden.Egress.Rules.Allows("a.test"));
    }

    [Fact]
    public void Read_configWithoutKmsProxy_hasNone()
    {
        string config = Config("egress: {allow: [a.test]}");

        // Nor does it need credentials, or a way to them.
        ServicesSettings options = Read(["--config", config, "--egress-route", "a.test:443=unix:/p"], Environment("AWS_REGION=eu-west-1"));
        Assert.Null(options.KmsProxy);
        Assert.Equal(10000, options.Egress!.Port);

        ServicesSettings asked = Read(["--config", config, "--egress-proxy", "unix:/p", "--kms-proxy-port", "9999"], Environment("AWS_REGION=eu-west-1"));
        Assert.Equal(9999, asked.KmsProxy!.Port);
    }

    [Fact]
    public void Read_egressThatAllowsNothing_needsNoWayOut()
    {
        Dictionary<string, string> environment = Environment("AWS_REGION=eu-west-1,AWS_ACCESS_KEY_ID=AKID");

        Assert.False(Read(["--config", Config("kms_proxy: {listen_port: 1}\negress: {}")], environment).Egress!.Rules.Allows("a.test"));
        Assert.Empty(Read(["--egress-port", "0"], environment).Egress!.Rules.Allow);
        Assert.Empty(Read(["--egress-deny", "a.test"], environment).Egress!.Rules.Allow);
        Assert.Null(Read(["--config", Config("kms_proxy: {listen_port: 1}")], environment).Egress);
    }

    [Fact]
    public void Read_configThatIsNotInOrder_isWrongUsageWithTheLine()
    {
        string config = Config("kms_proxy:\n  listen_port: 1\n  \"p\\e[31m\": 1");

        string message = Refusal(["--config", config], "AWS_REGION=eu-west-1");

        Assert.Contains($"{config}:3: unknown key 'p\\u001B[31m'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_sectionWithAStrangeName_isMadePrintable()
    {
        Read(["--config", Config("\"\\e[31m\": 1")], Environment("AWS_REGION=eu-west-1"));

        Assert.Contains("the section '\\u001B[31m'", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private static Dictionary<string, string> Environment(string variables) => variables.Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    private string Config(string text)
    {
        string path = _directory["enclaver.yaml"];
        File.WriteAllText(path, text);
        return path;
    }

    private string Refusal(string[] arguments, string environment)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Read(arguments, Environment(environment)));
        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        return e.Message;
    }

    private static ParseResult Parse(string[] arguments, out ServicesOptions options)
    {
        options = new ServicesOptions("--kms-proxy-port");
        var root = new RootCommand();
        options.AddTo(root);
        return CommandRunner.Parse(root, arguments);
    }

    private ServicesSettings Read(string[] arguments, Dictionary<string, string>? environment = null)
    {
        ParseResult result = Parse(arguments, out ServicesOptions options);
        Assert.Empty(result.Errors);
        return options.Bind(result, name => environment?.GetValueOrDefault(name), _log);
    }
}
