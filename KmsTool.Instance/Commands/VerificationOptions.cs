using System.CommandLine;
using System.Security.Cryptography;
using KmsTool.CommandLine;
using KmsTool.Instance.Verification;

namespace KmsTool.Instance.Commands;

/// <summary>The options that say what an attestation document is compared with, alike where one is read and where one is asked for.</summary>
internal sealed class VerificationOptions
{
    /// <summary>The name of the file in the simulator's folder.</summary>
    private const string SimulatorRoot = "nsm-root.pem";

    private const int MaxRootLength = 64 * 1024;

    private readonly Option<string?> _root = new("--root");
    private readonly Option<string?> _simulator = new("--simulator");

    public PcrOption Pcrs { get; } = new();

    public void AddTo(Command command)
    {
        Pcrs.AddTo(command);
        command.Add(_root);
        command.Add(_simulator);
    }

    /// <summary>Whether any is given.</summary>
    public bool AreGiven(ParseResult line) =>
        Pcrs.IsGiven(line) || line.GetValue(_root) is not null || line.GetValue(_simulator) is not null;

    /// <summary>Reads the root certificate.</summary>
    /// <exception cref="CommandFailedException">Both options are given, or the file cannot be used.</exception>
    public Task<TrustedRoot> LoadRootAsync(ParseResult line, CancellationToken cancellationToken) => (line.GetValue(_root), line.GetValue(_simulator)) switch
    {
        (null, null) => Task.FromResult(TrustedRoot.Aws),
        ({ } file, null) => LoadRootAsync(file, cancellationToken),
        (null, { } directory) => LoadRootAsync(Path.Combine(directory, SimulatorRoot), cancellationToken),
        _ => throw new CommandFailedException(ExitCode.WrongUsage, "--root and --simulator each name a root; give one."),
    };

    private static async Task<TrustedRoot> LoadRootAsync(string path, CancellationToken cancellationToken)
    {
        byte[] content = await BoundedInput.ReadAsync(path, "The root certificate", MaxRootLength, cancellationToken);
        try
        {
            return TrustedRoot.Parse(content, path);
        }
        catch (CryptographicException e)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The root certificate in {path} is not a certificate in PEM or DER", e);
        }
    }
}
