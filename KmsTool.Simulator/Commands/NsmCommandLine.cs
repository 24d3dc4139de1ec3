using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.CommandLine;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Imds;
using KmsTool.Simulator.Nsm;
using KmsTool.Simulator.Pki;

namespace KmsTool.Simulator.Commands;

/// <summary><c>kmstool-simulator nsm</c>: the security module of one more enclave.</summary>
internal sealed class NsmCommandLine
{
    private const string Details =
        """
        It prints the line "ready" when it serves. The KMS of the simulator in DIR takes
        this enclave's attestation documents for genuine; whether it decrypts for them
        is for the key policy to say.

          kmstool-simulator nsm --dir /tmp/sim --pcr0 "$PCR0" \
            --listen unix:/tmp/sim/other.sock
        """;

    private readonly PcrOptions _pcrs = new(isImageRequired: true);

    private readonly Option<string> _directory = new("--dir")
    {
        HelpName = "DIR",
        Required = true,
        Description = "The folder of a simulator that has been started there: its attestation root signs for this enclave too.",
    };

    private readonly Option<string> _listen = new("--listen")
    {
        HelpName = "ADDRESS",
        Required = true,
        Description = "Where to serve: unix:PATH (or tcp:127.0.0.1:PORT). kmstool-enclave takes it as --nsm.",
    };

    public static Command Create()
    {
        var nsm = new NsmCommandLine();
        var command = new DetailedCommand("nsm", "Serve the security module of one more enclave, until SIGTERM or SIGINT.", Details);
        command.Options.Add(nsm._directory);
        nsm._pcrs.AddTo(command);
        command.Options.Add(nsm._listen);
        command.SetAction((arguments, stopping) => Server.RunAsync(() => nsm.ServeAsync(arguments, stopping), stopping));
        return command;
    }

    private async Task ServeAsync(ParseResult arguments, CancellationToken stopping)
    {
        string directory = arguments.GetRequiredValue(_directory);
        if (!StreamAddress.TryParse(arguments.GetRequiredValue(_listen), out StreamAddress? address, out string? error))
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"--listen {error}");
        }

        var account = new AwsAccount(AwsAccount.ExampleId, SimulatorOptions.DefaultRegion);
        var pcrs = new PcrBank(InitialPcrs.Complete(_pcrs.Read(arguments), account, SimulatorOptions.DefaultRoleName));

        using X509Certificate2 root = LoadRoot(directory);
        // Another enclave of the same instance.
        string moduleId = $"{SimulatedInstance.Id}-enc{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var signer = new AttestationSigner(root, account.Region, SimulatedInstance.Id, moduleId);
        await using var nsm = new SimulatedNsm(pcrs, moduleId, signer, TimeProvider.System);
        await using var server = NsmServer.Start(address, nsm, new FaultSwitches());
        await arguments.InvocationConfiguration.Output.WriteLineAsync($"NSM       {server.Address}\nready");
        await Server.StopAsync(stopping);
    }

    private static X509Certificate2 LoadRoot(string directory)
    {
        try
        {
            return new AuthorityFiles(directory).LoadNsmRoot();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"{directory} holds no attestation root; first start kmstool-simulator run --dir {directory}", e);
        }
    }
}
