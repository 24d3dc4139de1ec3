namespace KmsTool.Simulator;

/// <summary>The names of the files in a simulator's folder.</summary>
internal sealed class SimulatorFiles(string directory)
{
    public string Directory { get; } = Path.GetFullPath(directory);

    /// <summary>Exports for a shell.</summary>
    public string Environment => Path.Combine(Directory, "env.sh");

    /// <summary>The certificate of the HTTPS server's authority.</summary>
    public string CaBundle => Path.Combine(Directory, "ca.pem");

    /// <summary>The certificate of the attestation documents' root.</summary>
    public string NsmRoot => Path.Combine(Directory, "nsm-root.pem");

    public string NsmSocket => Path.Combine(Directory, "nsm.sock");
}
