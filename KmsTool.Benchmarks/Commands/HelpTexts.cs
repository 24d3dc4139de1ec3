namespace KmsTool.Benchmarks.Commands;

/// <summary>The program's help.</summary>
internal static class HelpTexts
{
    private const string Root = """
        Measures how fast and how large kmstool-enclave and the parent's proxy are.

        Usage:
          KmsTool.Benchmarks load [options] [-- ENCLAVE-ARGUMENTS]
          KmsTool.Benchmarks proxy [options] [-- PROXY-ARGUMENTS]
          KmsTool.Benchmarks kms-proxy [options] [-- ENCLAVE-ARGUMENTS]
          KmsTool.Benchmarks silent-peers [options]
          KmsTool.Benchmarks micro [BenchmarkDotNet options]
          KmsTool.Benchmarks timing [--runs N]

        Commands:
          load   the published programs, end to end
          proxy  the published kmstool-instance vsock-proxy beside socat
          kms-proxy
                 the published KMS proxy beside the call that it makes
          silent-peers
                 the published KMS proxy and egress under peers that say nothing
          micro  single steps of a Decrypt, with BenchmarkDotNet
          timing whether bad OAEP padding is refused later than bad content padding

        """;

    private const string Load = """
        Drives the published enclave over Unix sockets, against the simulator in a
        process of its own, and prints the figures as Markdown on stdout. Takes a few
        minutes; everything it starts ends with it.

        Usage:
          KmsTool.Benchmarks load [options] [-- ENCLAVE-ARGUMENTS]

        Options:
              --programs DIR     where kmstool-enclave, kmstool-simulator and, with
                                 --through-proxy, kmstool-instance are
                                 (default artifacts/bin/linux-x64)
              --quick            a small run, to see that it works; its figures mean
                                 nothing
              --through-proxy    have the enclave reach KMS through
                                 kmstool-instance vsock-proxy
              --duration SECONDS of each throughput load (default 10; 0: none)
              --connections N    of the loads with many (default 64)
              --decrypts N       until memory is read (default 100000; 0: none)
              --idle N           idle connections (default 10000; 0: none)
              --starts N         to see how long a start takes (default 15; 0: none)
              --enclave-env NAME=VALUE
                                 an environment variable of the enclave; may be repeated
          -h, --help             this text

        Examples:
          make bench
          KmsTool.Benchmarks load --quick
          KmsTool.Benchmarks load --decrypts 0 --idle 0 --starts 0 \
            --enclave-env DOTNET_GCgen0size=0x400000 -- --log-level warning

        """;

    private const string KmsProxy = """
        Measures Decrypts through the published KMS proxy (kmstool-enclave kms-proxy),
        over connections that are kept, beside the attested call to KMS that it makes,
        and its memory over many of them. Prints Markdown on stdout.

        Usage:
          KmsTool.Benchmarks kms-proxy [options] [-- ENCLAVE-ARGUMENTS]

        Options:
              --programs DIR     where the published programs are
                                 (default artifacts/bin/linux-x64)
              --quick            a small run, to see that it works
              --through-proxy    have the enclave reach KMS through
                                 kmstool-instance vsock-proxy
              --duration SECONDS of each load (default 10)
              --clients N        of the loads with many (default 64)
              --calls N          until memory is read (default 200000; 0: none)
          -h, --help             this text

        Examples:
          make bench BENCH=kms-proxy

        """;

    private const string SilentPeers = """
        Fills the published KMS proxy and its egress with peers that connect, say
        nothing and connect anew when they are ended, and measures how long signed calls
        and tunnels take meanwhile. Prints Markdown on stdout. Exit code 1: one took a
        second or more.

        Usage:
          KmsTool.Benchmarks silent-peers [options]

        Options:
              --programs DIR     where kmstool-enclave and kmstool-simulator are
                                 (default artifacts/bin/linux-x64)
              --peers N          silent peers (default 2000)
              --duration SECONDS of each of the two measurements (default 60)
          -h, --help             this text

        Examples:
          make bench BENCH=silent-peers
          KmsTool.Benchmarks silent-peers --duration 5

        """;

    private const string Proxy = """
        Measures the published kmstool-instance vsock-proxy beside socat and beside no
        proxy, from a Unix socket to TCP on 127.0.0.1, in turn in one run, and prints
        the figures as Markdown on stdout. Takes some five minutes; everything it starts
        ends with it. Needs the package socat.

        Usage:
          KmsTool.Benchmarks proxy [options] [-- PROXY-ARGUMENTS]

        Options:
              --programs DIR     where kmstool-instance is
                                 (default artifacts/bin/linux-x64)
              --quick            a small run, to see that it works; its figures mean
                                 nothing
              --only PART        throughput, connections, roundtrip or idle; may be
                                 repeated (default: all)
              --rounds N         how often each is measured (default 5)
              --duration SECONDS of each measurement (default 2)
              --proxy-env NAME=VALUE
                                 an environment variable of the proxy; may be repeated
          -h, --help             this text

        Examples:
          make bench BENCH="proxy --rounds 3"
          KmsTool.Benchmarks proxy --quick
          KmsTool.Benchmarks proxy --only connections --rounds 3 \
            --proxy-env DOTNET_TieredCompilation=0 -- --log-level warning

        """;

    private const string Relay = """
        The least that a hop through a process can cost, which 'proxy' starts to compare
        with.

        Usage:
          KmsTool.Benchmarks relay PATH PORT

        """;

    private const string Micro = """
        Measures single steps of a Decrypt with BenchmarkDotNet, in this process.

        Usage:
          KmsTool.Benchmarks micro [BenchmarkDotNet options]

        Examples:
          KmsTool.Benchmarks micro
          KmsTool.Benchmarks micro --filter '*Recipient*'

        """;

    private const string Timing = """
        Measures how long the enclave's key takes to refuse an envelope with bad OAEP
        padding and one with bad content padding, in turn, and prints both distributions
        and what tells them apart as Markdown on stdout.

        Usage:
          KmsTool.Benchmarks timing [--runs N]

        Options:
              --runs N           of each kind (default 20000)
          -h, --help             this text

        """;

    public static IReadOnlyDictionary<string, string> ByCommand { get; } = new Dictionary<string, string>
    {
        [""] = Root,
        [LoadCommandLine.Name] = Load,
        [ProxyCommandLine.Name] = Proxy,
        [KmsProxyCommandLine.Name] = KmsProxy,
        [SilentPeersCommandLine.Name] = SilentPeers,
        [MicroCommandLine.Name] = Micro,
        [RelayCommandLine.Name] = Relay,
        [TimingCommandLine.Name] = Timing,
    };
}
