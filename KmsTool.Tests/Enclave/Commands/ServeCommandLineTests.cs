using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Enclave.Commands;

public class ServeCommandLineTests
{
    [Fact]
    public void Read_ofNothing_isTheOriginalsDefaults()
    {
        ServeSettings options = Read([]);

        Assert.Equal("vsock:3000", options.Listen.ToString());
        Assert.Equal("vsock:3:8000", options.Kms.Proxy.ToString());
        Assert.Equal("/dev/nsm", options.Kms.Nsm);
        Assert.Null(options.Kms.Region);
        Assert.Null(options.Kms.Endpoints.Pinned);
        Assert.Equal(TrustAnchors.DefaultPath, options.Kms.CaBundle);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Kms.Recipient.AttestationLifetime);
    }

    [Theory]
    [InlineData("--region", "eu-west-1", "--port", "5005", "--proxy-port", "9000")]
    [InlineData("-r", "eu-west-1", "-p", "5005", "-x", "9000")]
    [InlineData("--region=eu-west-1", "--port=0x138d", "--proxy-port=9000")]
    [InlineData("serve", "--region", "eu-west-1", "--listen", "vsock:0x138d", "--proxy", "vsock:3:9000")]
    public void Read_ofTheOriginalsOptions_isWhatTheyMean(params string[] arguments)
    {
        ServeSettings options = Read(arguments);

        Assert.Equal("eu-west-1", options.Kms.Region);
        Assert.Equal("vsock:5005", options.Listen.ToString());
        Assert.Equal("vsock:3:9000", options.Kms.Proxy.ToString());
    }

    [Fact]
    public void Read_ofTheEnvironment_standsBehindTheOptions()
    {
        var environment = new Dictionary<string, string>
        {
            ["REGION"] = "eu-west-1",
            ["ENDPOINT"] = "kms.example.com",
            ["AWS_ENDPOINT_URL_KMS"] = "https://other.example.com",
            ["AWS_CA_BUNDLE"] = "/ca.pem",
            ["SSL_CERT_FILE"] = "/system.pem",
            ["KMSTOOL_NSM"] = "unix:/nsm.sock",
        };

        ServeSettings options = Read([], environment);
        Assert.Equal("eu-west-1", options.Kms.Region);
        Assert.Equal(("kms.example.com", 443), options.Kms.Endpoints.Pinned);
        Assert.Equal("/ca.pem", options.Kms.CaBundle);
        Assert.Equal("unix:/nsm.sock", options.Kms.Nsm);

        ServeSettings overridden = Read(
            ["--region", "us-east-2", "--kms-endpoint", "a.example.com:8443", "--ca-bundle", "/b.pem", "--nsm", "/dev/nsm"], environment);
        Assert.Equal("us-east-2", overridden.Kms.Region);
        Assert.Equal(("a.example.com", 8443), overridden.Kms.Endpoints.Pinned);
        Assert.Equal("/b.pem", overridden.Kms.CaBundle);
        Assert.Equal("/dev/nsm", overridden.Kms.Nsm);

        environment["AWS_CA_BUNDLE"] = "";
        Assert.Equal("/system.pem", Read([], environment).Kms.CaBundle);
    }

    [Fact]
    public void Read_ofABufferSize_isForTheListenerAndTheWayToKms()
    {
        ServeSettings options = Read(["--vsock-buffer-size", "3584"], new Dictionary<string, string> { ["KMSTOOL_VSOCK_BUFFER_SIZE"] = "4096" });

        Assert.Equal(3584UL, options.Kms.Sockets.VsockBufferSize);
        Assert.Equal(3584UL, options.Kms.Parent.Sockets.VsockBufferSize);
        Assert.Null(Read([]).Kms.Sockets.VsockBufferSize);
    }

    [Theory]
    [InlineData(32 * 1024 * 1024)]
    [InlineData(90_112, "--message-budget", "90112")]
    [InlineData(25_600, "--message-budget", "25600", "--max-message-size", "1024")]
    public void Read_ofAMessageBudget_hasRoomForOneMessageAtLeast(int expected, params string[] arguments) =>
        Assert.Equal(expected, Read(arguments).Limits.MessageBudget);

    [Fact]
    public void Read_ofEmptyVariables_takesThemAsUnset()
    {
        ServeSettings options = Read([], new Dictionary<string, string> { ["REGION"] = "", ["ENDPOINT"] = "", ["KMSTOOL_NSM"] = "" });

        Assert.Null(options.Kms.Region);
        Assert.Null(options.Kms.Endpoints.Pinned);
        Assert.Equal("/dev/nsm", options.Kms.Nsm);
    }

    [Fact]
    public void Read_of_an_empty_region_takes_the_one_of_the_environment()
    {
        Assert.Equal("eu-west-1", Read(["--region", ""], new Dictionary<string, string> { ["REGION"] = "eu-west-1" }).Kms.Region);
        Assert.Null(Read(["--region", ""]).Kms.Region);
    }

    [Theory]
    [InlineData("--region=")]
    [InlineData("-r=")]
    [InlineData("--region:")]
    public void Read_of_a_region_without_anything_after_the_equals_sign_does_not_take_the_next_word(string region)
    {
        ServeSettings options = Read([region, "--refuse-debug-mode"], new Dictionary<string, string> { ["REGION"] = "eu-west-1" });

        Assert.Equal("eu-west-1", options.Kms.Region);
        Assert.True(options.Kms.Startup.RefuseDebugMode);
    }

    [Fact]
    public void Parse_leaves_the_equals_sign_to_the_application()
    {
        ParseResult parsed = CommandRunner.Parse(
            KmsTool.Enclave.Program.BuildCommandTree("kmstool-enclave", new ServeCommandLine()), ["run", "--", "app", "--region="]);

        Assert.Equal("--region=", parsed.Tokens[^1].Value);
    }

    [Fact]
    public void Read_of_a_pin_without_anything_after_the_equals_sign_is_refused() =>
        Assert.Throws<CommandFailedException>(() => Read(["--allow-key=", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]));

    [Theory]
    [InlineData("--region", "nowhere")]
    [InlineData("--kms-endpoint", "http://kms.example.com")]
    [InlineData("--listen", "3000")]
    [InlineData("--proxy-port", "0")]
    [InlineData("--key-lifetime", "59")]
    [InlineData("--port", "x")]
    [InlineData("--port", "1", "--listen", "vsock:1")]
    [InlineData("--proxy-port", "1", "--proxy", "vsock:3:1")]
    [InlineData("--proxy", "vsock:8000")]
    [InlineData("--proxy", "tcp:127.0.0.1:0")]
    [InlineData("--max-pending", "0")]
    [InlineData("--max-message-size", "12")]
    [InlineData("--message-budget", "90111")]
    [InlineData("--message-budget", "100000", "--max-message-size", "100000")]
    [InlineData("--message-budget", "4294967296")]
    [InlineData("--attestation-ttl", "-1")]
    [InlineData("--idle-timeout", "0")]
    [InlineData("--vsock-buffer-size", "127")]
    [InlineData("--log-level", "loud")]
    [InlineData("--unknown", "1")]
    [InlineData("--allow-key", "alias/app")]
    [InlineData("--allow-key", "arn:aws:kms:us-east-1:111122223333:alias/app")]
    [InlineData("--allow-key", "arn:aws:s3:::bucket")]
    [InlineData("--allow-key", "1234abcd-12ab-34cd-56ef-1234567890ab")]
    [InlineData("--allow-key")]
    [InlineData("--region", "eu-west-1", "--allow-key", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")]
    [InlineData("--require-encryption-context", "=value")]
    [InlineData("--require-encryption-context", "App", "App=vault")]
    [InlineData("--operations", "Encrypt")]
    [InlineData("--operations", "Decrypt,")]
    [InlineData("--reply", "ciphertext")]
    [InlineData("--fips", "--kms-endpoint", "kms.example.com")]
    [InlineData("surplus")]
    public async Task Run_withWrongUsage_saysItInOneLineAndExitsWith2(params string[] arguments)
    {
        Support.ProgramResult result = await Support.ProgramRunner.RunAsync("kmstool-enclave", arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ofPins_isWhatTheyMean()
    {
        const string First = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        const string Second = "arn:aws-cn:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

        ServeSettings options = Read(
        [
            "--allow-key", First, Second, "--require-encryption-context", "App=a=b", "--require-encryption-context", "Stage",
            "--operations", "decrypt,GenerateRandom", "--operations", "Describe", "--reply", "none", "--refuse-debug-mode",
            "--refuse-clock-skew", "--refuse-other-random-source",
        ]);

        Assert.Equal([First, Second], options.Kms.Pins.AllowedKeys.Select(key => key.Arn));
        Assert.Equal([new RequiredContext("App", "a=b"), new RequiredContext("Stage", null)], options.Kms.Pins.RequiredContext);
        Assert.Equal(["Decrypt", "GenerateRandom", "Describe"], options.Kms.Pins.Operations);
        Assert.Equal(SecretDisclosure.None, options.Disclosure);
        Assert.Equal(new StartupSettings { RefuseDebugMode = true, RefuseClockSkew = true, RefuseOtherRandomSource = true }, options.Kms.Startup);
    }

    [Fact]
    public async Task Run_ofAClockThatIsWrongAndRefused_exitsWith1()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        simulator.Host.Clock.Offset = TimeSpan.FromHours(1);

        Support.ProgramResult result = await Support.ProgramRunner.RunAsync("kmstool-enclave",
            [
                "serve", "--listen", "tcp:127.0.0.1:0", "--nsm", simulator.Host.NsmAddress.ToString(),
                "--ca-bundle", simulator.Host.Files.CaBundle, "--refuse-clock-skew", "--log-level", "none",
            ]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("--refuse-clock-skew", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>An option before the word serve must not be dropped: it may be a pin.</summary>
    [Fact]
    public void Read_ofPinsBeforeTheCommand_isWhatTheyMean()
    {
        ServeSettings options = Read(["--reply", "none", "--refuse-debug-mode", "serve", "--operations", "Describe"]);

        Assert.Equal(SecretDisclosure.None, options.Disclosure);
        Assert.True(options.Kms.Startup.RefuseDebugMode);
        Assert.Equal(["Describe"], options.Kms.Pins.Operations);
    }

    [Theory]
    [InlineData("--reply", "none", "decrypt", "--ciphertext", "AAAA")]
    [InlineData("--allow-key", "x", "--region", "us-east-1", "genrandom", "--length", "8")]
    public async Task Run_withAnOptionBeforeACommandThatDoesNotKnowIt_isWrongUsage(params string[] arguments)
    {
        Support.ProgramResult result = await Support.ProgramRunner.RunAsync("kmstool-enclave", arguments);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("stands before", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ofNoPins_pinsNothing()
    {
        ServeSettings options = Read([]);

        Assert.Empty(options.Kms.Pins.AllowedKeys);
        Assert.Empty(options.Kms.Pins.RequiredContext);
        Assert.Null(options.Kms.Pins.Operations);
        Assert.Equal(SecretDisclosure.Plaintext, options.Disclosure);
        Assert.Equal(new StartupSettings(), options.Kms.Startup);
        Assert.False(options.Kms.Endpoints.Fips);
    }

    [Theory]
    [InlineData("--fips")]
    [InlineData]
    public void Read_ofFips_isTheOptionOrTheVariable(params string[] arguments)
    {
        var environment = new Dictionary<string, string>();
        if (arguments.Length == 0)
        {
            environment["AWS_USE_FIPS_ENDPOINT"] = "true";
        }

        Assert.True(Read(arguments, environment).Kms.Endpoints.Fips);
    }

    [Fact]
    public async Task Run_withoutNsm_saysWhatToDoAndExitsWith4()
    {
        Support.ProgramResult result = await Support.ProgramRunner.RunAsync(
            "kmstool-enclave", ["--nsm", "/nonexistent/nsm", "--listen", "unix:enclave.sock", "--log-level", "none"]);

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("--nsm", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_namesEveryOptionWithin80Columns()
    {
        Support.ProgramResult result = await Support.ProgramRunner.RunAsync("kmstool-enclave", ["--help"]);

        Assert.Equal(0, result.ExitCode);
        Assert.All(result.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        foreach (Option option in KmsTool.Enclave.Program.BuildCommandTree("kmstool-enclave", new ServeCommandLine()).Options)
        {
            Assert.Contains(option.Name, result.Output, StringComparison.Ordinal);
        }
    }

    private static ServeSettings Read(string[] arguments, Dictionary<string, string>? environment = null)
    {
        var serve = new ServeCommandLine();
        ParseResult result = CommandRunner.Parse(KmsTool.Enclave.Program.BuildCommandTree("kmstool-enclave", serve), arguments);
        Assert.Empty(result.Errors);
        return serve.Bind(result, name => environment?.GetValueOrDefault(name));
    }
}
