using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>The command <c>kms-proxy</c>: the KMS proxy by itself, for applications that something else starts.</summary>
internal static class KmsProxyCommandLine
{
    public const string Name = "kms-proxy";

    public static Command CreateCommand()
    {
        var services = new ServicesOptions("--listen-port");
        var environmentFile = new Option<string>("--environment-file") { Required = true };
        var command = new Command(Name) { environmentFile };
        services.AddTo(command);
        command.SetAction(async (parseResult, stopping) =>
        {
            using ILoggerFactory loggers = LogOutput.Create(services.ReadLogLevel(parseResult));
            ILogger logger = loggers.CreateLogger("kmstool-enclave");
            ServicesSettings options = services.Bind(parseResult, Environment.GetEnvironmentVariable, logger);
            await using EnclaveServices running = await EnclaveServices.StartAsync(
                options, CredentialOptions.ForServices, TimeProvider.System, logger, stopping);
            if (running.KmsProxy is not { } proxy)
            {
                throw new CommandFailedException(ExitCode.WrongUsage, "The file given with --config has no section kms_proxy, and --listen-port is not given.");
            }

            string path = parseResult.GetRequiredValue(environmentFile);
            Write(path, ApplicationEnvironment.OfServices(running, options.Region));
            try
            {
                await Console.Out.WriteLineAsync($"ready {proxy.Address.GetLeftPart(UriPartial.Authority)}");
                await running.RunAsync(stopping);
            }
            finally
            {
                File.Delete(path);
            }

            return (int)ExitCode.Success;
        });
        return command;
    }

    // For `. FILE` in a shell; there is nothing in a value that a shell would read otherwise.
    private static void Write(string path, Dictionary<string, string> variables)
    {
        try
        {
            // Not through a link that somebody has put there, and not readable for others for a moment.
            File.Delete(path);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var writer = new StreamWriter(path, options);
            foreach (string name in ApplicationEnvironment.Removed.Where(name => !variables.ContainsKey(name)))
            {
                writer.Write($"unset {name}\n");
            }

            foreach ((string name, string value) in variables)
            {
                writer.Write($"export {name}='{value}'\n");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"The file '{path}' cannot be written (--environment-file): {TerminalText.EndSentence(e.Message)}", e);
        }
    }
}
