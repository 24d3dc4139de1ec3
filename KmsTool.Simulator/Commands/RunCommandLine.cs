using System.CommandLine;
using System.Globalization;
using System.Net;
using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using Microsoft.Extensions.Logging;

namespace KmsTool.Simulator.Commands;

/// <summary><c>kmstool-simulator run</c>: everything, until a signal.</summary>
internal sealed partial class RunCommandLine
{
    private const string AcceptUnsignedName = "--insecure-accept-unsigned-attestation";

    private const int MaxClockOffsetSeconds = 7 * 24 * 3600;

    private static readonly string Details =
        $"""
        It prints the addresses and then the line "ready". DIR/env.sh then holds exports
        for a shell: the endpoints of KMS, STS and IMDSv2, AWS_CA_BUNDLE, AWS_REGION, an
        administrator's key pair, and KMSTOOL_NSM for kmstool-enclave.

          kmstool-simulator run --dir /tmp/sim &
          . /tmp/sim/env.sh
          aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms create-key

        Programs that are to take their credentials from the metadata service, as on an
        instance, must not see that key pair:

          unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY

        The administrator may do what a key policy leaves to the account. The instance's
        role, arn:aws:iam::{AwsAccount.ExampleId}:role/{SimulatorOptions.DefaultRoleName}, and the
        roles that AssumeRole gives out (any of the account) may do only what a key
        policy allows them by name, and kms:GenerateRandom, which concerns no key: every
        role has an IAM policy that allows it, without conditions, which IAM policies
        cannot have here. Keys end with the simulator.

        KMS knows CreateKey, CreateAlias, DescribeKey, ListKeys, GetKeyPolicy,
        PutKeyPolicy, GetPublicKey, Encrypt, Decrypt, GenerateDataKey,
        GenerateDataKeyPair (both also WithoutPlaintext), GenerateRandom and
        DeriveSharedSecret. A key's spec is SYMMETRIC_DEFAULT, RSA_2048, RSA_3072,
        RSA_4096, ECC_NIST_P256, ECC_NIST_P384 or ECC_NIST_P521; no key signs.

        Faults (those of KMS concern requests with a Recipient):

        {FaultCatalog.Describe()}
        """;

    private readonly PcrOptions _pcrs = new(isImageRequired: false);

    private readonly Option<string> _directory = new("--dir")
    {
        HelpName = "DIR",
        Required = true,
        Description = "Folder for env.sh, ca.pem, nsm-root.pem, nsm.sock and pki/. Made if missing; certificate authorities found in it are used again.",
    };

    private readonly Option<int> _port = new("--port")
    {
        HelpName = "PORT",
        Description = "TCP port of KMS and STS (HTTPS) on 127.0.0.1. Default: 0, any that is free.",
    };

    private readonly Option<int> _imdsPort = new("--imds-port")
    {
        HelpName = "PORT",
        Description = "TCP port of the instance metadata service (HTTP) on 127.0.0.1. Default: 0, any that is free.",
    };

    private readonly Option<string> _region = new("--region")
    {
        HelpName = "REGION",
        DefaultValueFactory = _ => SimulatorOptions.DefaultRegion,
        Description = "The AWS Region it plays.",
    };

    private readonly Option<string[]> _tlsNames = new("--tls-name")
    {
        HelpName = "NAME",
        Description = "A further host name or address for the HTTPS certificate, besides localhost and AWS's names of KMS and STS. May be repeated.",
    };

    private readonly Option<int> _credentialLifetime = new("--credential-lifetime")
    {
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 6 * 3600,
        Description = "How long credentials from the metadata service live.",
    };

    private readonly Option<bool> _noRole = new("--no-role")
    {
        Description = "The instance has no role, so the metadata service has no credentials.",
    };

    private readonly Option<int> _clockOffset = new("--clock-offset")
    {
        HelpName = "SECONDS",
        Description = "How far AWS's clock is ahead of this machine's; may be negative.",
    };

    private readonly Option<string[]> _faults = new("--fault")
    {
        HelpName = "NAME",
        Description = "Misbehave, for tests, in one of the ways listed below. May be repeated.",
    };

    private readonly Option<bool> _acceptUnsigned = new(AcceptUnsignedName)
    {
        Description = "INSECURE. KMS accepts attestation documents that are not signed, too, as the security module of QEMU's nitro-enclave machine makes them. "
            + "They prove nothing: anybody can make one that names any PCRs. Documents that are signed are verified as ever.",
    };

    private readonly LogLevelOption _logLevel = new(LogLevel.Warning);

    public static Command Create()
    {
        var run = new RunCommandLine();
        var command = new DetailedCommand("run", "Start KMS, STS, IMDSv2 and NSM, and serve until SIGTERM or SIGINT.", Details);
        command.Options.Add(run._directory);
        run._pcrs.AddTo(command);
        foreach (Option option in (Option[])[run._port, run._imdsPort, run._region, run._tlsNames, run._credentialLifetime, run._noRole, run._clockOffset, run._faults, run._acceptUnsigned])
        {
            command.Options.Add(option);
        }

        run._logLevel.AddTo(command);
        command.SetAction((arguments, stopping) => Server.RunAsync(() => run.ServeAsync(arguments, stopping), stopping));
        return command;
    }

    private async Task ServeAsync(ParseResult arguments, CancellationToken stopping)
    {
        using ILoggerFactory loggers = LogOutput.Create(_logLevel.Read(arguments));
        SimulatorOptions options = Read(arguments) with { Logger = loggers.CreateLogger("kmstool-simulator") };
        if (options.AcceptsUnsignedAttestation)
        {
            Log.UnsignedAttestationAccepted(options.Logger, AcceptUnsignedName);
        }

        await using SimulatorHost host = await SimulatorHost.StartAsync(options, stopping);
        await AnnounceAsync(arguments.InvocationConfiguration.Output, host, options);
        await Server.StopAsync(stopping);
    }

    /// <summary>Prints addresses, exports and, last, <c>ready</c>. It prints no secret.</summary>
    private static async Task AnnounceAsync(TextWriter output, SimulatorHost host, SimulatorOptions options)
    {
        const string SecretVariable = "AWS_SECRET_ACCESS_KEY";
        await output.WriteLineAsync($"KMS, STS  {host.KmsEndpoint}");
        await output.WriteLineAsync($"IMDSv2    {host.ImdsEndpoint}");
        await output.WriteLineAsync($"NSM       {host.NsmAddress}");
        await output.WriteLineAsync($"PCR0      {Convert.ToHexStringLower(host.Pcrs.Read(0).Value)}");
        await output.WriteLineAsync($"role      {host.Role?.Arn ?? "none"}");
        foreach (SimulatorFault fault in options.Faults)
        {
            await output.WriteLineAsync($"fault     {FaultCatalog.GetName(fault)}");
        }

        if (options.AcceptsUnsignedAttestation)
        {
            await output.WriteLineAsync("INSECURE  KMS accepts attestation documents that anybody can make");
        }

        await output.WriteLineAsync();
        await output.WriteAsync(EnvironmentFile.Format(host.Environment.Where(variable => variable.Key != SecretVariable)));
        await output.WriteLineAsync($"# {SecretVariable} too is exported by:  . {EnvironmentFile.Quote(host.Files.Environment)}");
        await output.WriteLineAsync();
        await output.WriteLineAsync("ready");
        await output.FlushAsync();
    }

    private SimulatorOptions Read(ParseResult arguments)
    {
        var options = new SimulatorOptions { Directory = arguments.GetRequiredValue(_directory) };
        return options with
        {
            Pcrs = _pcrs.Read(arguments),
            Port = ReadInRange(_port, arguments, 0, IPEndPoint.MaxPort),
            ImdsPort = ReadInRange(_imdsPort, arguments, 0, IPEndPoint.MaxPort),
            Region = ReadRegion(arguments),
            TlsNames = ReadTlsNames(arguments),
            CredentialLifetime = TimeSpan.FromSeconds(ReadInRange(_credentialLifetime, arguments, 1, 12 * 3600)),
            RoleName = arguments.GetValue(_noRole) ? null : options.RoleName,
            ClockOffset = TimeSpan.FromSeconds(ReadInRange(_clockOffset, arguments, -MaxClockOffsetSeconds, MaxClockOffsetSeconds)),
            Faults = [.. (arguments.GetValue(_faults) ?? []).Select(ParseFault)],
            AcceptsUnsignedAttestation = arguments.GetValue(_acceptUnsigned),
        };
    }

    private static int ReadInRange(Option<int> option, ParseResult arguments, int min, int max)
    {
        int value = arguments.GetValue(option);
        return value >= min && value <= max
            ? value
            : throw new CommandFailedException(ExitCode.WrongUsage, string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be between {min} and {max}, not {value}"));
    }

    private string ReadRegion(ParseResult arguments)
    {
        string region = arguments.GetRequiredValue(_region);
        return AwsRegion.IsWellFormed(region) ? region : throw new CommandFailedException(ExitCode.WrongUsage, $"--region {region} is not an AWS Region such as eu-west-1");
    }

    private string[] ReadTlsNames(ParseResult arguments)
    {
        string[] names = arguments.GetValue(_tlsNames) ?? [];
        foreach (string name in names)
        {
            if (Uri.CheckHostName(name) == UriHostNameType.Unknown)
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"--tls-name {name} is neither a host name nor an IP address");
            }
        }

        return names;
    }

    private static SimulatorFault ParseFault(string name)
    {
        foreach ((SimulatorFault fault, string known, _) in FaultCatalog.All)
        {
            if (known == name)
            {
                return fault;
            }
        }

        throw new CommandFailedException(ExitCode.WrongUsage, $"--fault {name} is unknown");
    }

    private static partial class Log
    {
        [LoggerMessage(
            1,
            LogLevel.Warning,
            "INSECURE: {Option} is set. This stand-in for KMS accepts attestation documents that prove nothing and that anybody can make, for any PCRs; key policies no longer keep anybody out. For tests only")]
        public static partial void UnsignedAttestationAccepted(ILogger logger, string option);
    }
}
