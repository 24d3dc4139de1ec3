using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Docs;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>The package of KmsTool.Protocol: what it holds, and that the snippets of its README compile and run against it.</summary>
public sealed class PackageTests : IDisposable
{
    // A version that no cache holds.
    private const string Version = "0.0.0-test";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Snippets_of_the_README_run_against_the_package()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        await PackAsync();
        WriteProject();

        await RunDotnetAsync(["build", "--configuration", "Release", "--nologo", "--verbosity", "quiet", "--disable-build-servers"]);
        string output = await RunDotnetAsync(["bin/Release/net10.0/snippets.dll"], Variables(deployment));

        Assert.Equal(
            [
                "plaintext one",
                "plaintext two",
                $"module i-0123456789abcdef0-enc0123456789abcdef, PCR0 {Hex(deployment.Simulator.Host.Pcrs.Read(0).Value)}, PCR16 of 48 bytes",
                "plaintext for the recipient",
                "attested i-0123456789abcdef0-enc0123456789abcdef",
                $"measured {TestImage.Create().Pcr0()}",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Package_holds_what_a_user_needs_and_depends_on_little()
    {
        await PackAsync();

        await using ZipArchive package = await ZipFile.OpenReadAsync(_directory[$"feed/KmsTool.Protocol.{Version}.nupkg"]);
        string[] files = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.Contains("README.md", files);
        Assert.Contains("lib/net10.0/KmsTool.Protocol.dll", files);
        Assert.Contains("lib/net10.0/KmsTool.Protocol.xml", files);
        Assert.True(File.Exists(_directory[$"feed/KmsTool.Protocol.{Version}.snupkg"]));
        await using Stream stream = await package.GetEntry("KmsTool.Protocol.nuspec")!.OpenAsync();
        XElement metadata = (await XDocument.LoadAsync(stream, LoadOptions.None, default)).Root!.Elements().Single();
        Assert.Equal("Apache-2.0", ValueOf(metadata, "license"));
        Assert.Equal("README.md", ValueOf(metadata, "readme"));
        Assert.Equal(
            ["System.Formats.Cbor", "System.IO.Hashing"],
            metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value).Order());
        Assert.DoesNotContain(metadata.Descendants(), element => element.Name.LocalName == "frameworkReference");
    }

    private static string ValueOf(XElement metadata, string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Packs what was built for this test run.</summary>
    private async Task PackAsync() => await RunDotnetAsync(
        [
            "pack", DocsPage.InRepository("KmsTool.Protocol"), "--no-build", "--configuration", Configuration(), "--output", _directory["feed"],
            $"-p:PackageVersion={Version}", "--nologo", "--verbosity", "quiet", "--disable-build-servers",
        ]);

    /// <summary>KmsTool.Tests/bin/CONFIGURATION/net10.0/</summary>
    private static string Configuration() => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private void WriteProject()
    {
        string page = DocsPage.InRepository("KmsTool.Protocol/README.md");
        List<List<string>> snippets = DocsPage.Blocks(page, "csharp");
        (string Parameters, string End)[] surroundings =
        [
            ("string address, string accessKeyId, string secretAccessKey, string sessionToken, byte[][] ciphertexts, Action<ReadOnlySpan<byte>> use", ""),
            ("string location, byte[] nonce", """
                Console.WriteLine($"module {module.ModuleId}, PCR0 {Convert.ToHexStringLower(image.Value.Span)}, PCR16 of {extended.Length} bytes");
                return (document, image.Value);
                """),
            ("KmsTool.Protocol.Nsm.NsmClient nsm, Amazon.KeyManagementService.IAmazonKeyManagementService kms, byte[] ciphertext",
                "Program.Print(plaintext.Span);"),
            ("AttestationRoot root, byte[] document, byte[] nonce, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> expectedPcrs",
                "Console.WriteLine($\"attested {attested.ModuleId}\");"),
            ("string path", "Console.WriteLine($\"measured {pcr0}\");"),
        ];
        Assert.Equal(surroundings.Length, snippets.Count);
        for (int i = 0; i < snippets.Count; i++)
        {
            string[] usings = [.. snippets[i].Where(line => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('='))];
            string result = i == 1 ? "Task<(byte[] Document, ReadOnlyMemory<byte> Pcr0)>" : "Task";
            File.WriteAllText(_directory[$"Snippet{i}.cs"], $$"""
                {{string.Join('\n', usings)}}

                internal static class Snippet{{i}}
                {
                    public static async {{result}} RunAsync({{surroundings[i].Parameters}})
                    {
                {{string.Join('\n', snippets[i].Where(line => !usings.Contains(line)))}}
                {{surroundings[i].End}}
                    }
                }
                """);
        }

        File.WriteAllText(_directory["Program.cs"], """
            using System.Security.Cryptography.X509Certificates;
            using System.Text;
            using Amazon.KeyManagementService;
            using KmsTool.Protocol.Attestation;
            using KmsTool.Protocol.Nsm;

            internal static class Program
            {
                private static string Variable(string name) => Environment.GetEnvironmentVariable(name)!;

                public static void Print(ReadOnlySpan<byte> plaintext) => Console.WriteLine("plaintext " + Encoding.UTF8.GetString(plaintext));

                public static async Task Main()
                {
                    await Snippet0.RunAsync(
                        Variable("ENCLAVE"), Variable("AWS_ACCESS_KEY_ID"), Variable("AWS_SECRET_ACCESS_KEY"), Variable("AWS_SESSION_TOKEN"),
                        [.. Variable("CIPHERTEXTS").Split(',').Take(2).Select(Convert.FromBase64String)], Print);
                    byte[] nonce = [1, 2, 3];
                    (byte[] document, ReadOnlyMemory<byte> pcr0) = await Snippet1.RunAsync(Variable("NSM"), nonce);
                    await using (NsmClient nsm = NsmClient.Open(Variable("NSM")))
                    using (var kms = new AmazonKeyManagementServiceClient())
                    {
                        await Snippet2.RunAsync(nsm, kms, Convert.FromBase64String(Variable("CIPHERTEXTS").Split(',')[2]));
                    }

                    using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(Variable("NSM_ROOT"));
                    var expected = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = pcr0 };
                    await Snippet3.RunAsync(AttestationRoot.FromCertificate(certificate), document, nonce, expected);
                    await Snippet4.RunAsync(Variable("IMAGE"));
                }
            }
            """);
        string aws = XDocument.Load(DocsPage.InRepository("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(element => element.Attribute("Include")!.Value == "AWSSDK.KeyManagementService").Attribute("Version")!.Value;
        File.WriteAllText(_directory["snippets.csproj"], $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <UseAppHost>false</UseAppHost>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KmsTool.Protocol" Version="{Version}" />
                <PackageReference Include="AWSSDK.KeyManagementService" Version="{aws}" />
              </ItemGroup>
            </Project>
            """);
        // Of the other packages those that the tests were restored with, so that none is downloaded a second time.
        string restored = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(_directory["nuget.config"], $"""
            <configuration>
              <packageSources>
                <add key="packed" value="feed" />
                <add key="restored" value="{restored}" />
              </packageSources>
            </configuration>
            """);
    }

    private Dictionary<string, string> Variables(Deployment deployment)
    {
        string image = _directory["image.eif"];
        File.WriteAllBytes(image, TestImage.Create().Encode());
        string root = _directory["nsm-root.pem"];
        File.WriteAllText(root, deployment.Simulator.Host.NsmRoot.ExportCertificatePem());
        AwsCredential credential = deployment.Simulator.Host.Role!.CurrentCredential();
        string[] plaintexts = ["one", "two", "for the recipient"];
        return new Dictionary<string, string>
        {
            ["ENCLAVE"] = deployment.EnclaveAddress,
            ["NSM"] = deployment.Simulator.Host.NsmAddress.ToString(),
            ["NSM_ROOT"] = root,
            ["IMAGE"] = image,
            ["CIPHERTEXTS"] = string.Join(',', plaintexts.Select(plaintext => deployment.Encrypt(Encoding.UTF8.GetBytes(plaintext)))),
            ["AWS_ACCESS_KEY_ID"] = credential.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = credential.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = credential.SessionToken!,
            ["AWS_REGION"] = deployment.Simulator.Host.Account.Region,
            ["AWS_ENDPOINT_URL_KMS"] = deployment.Simulator.Host.KmsEndpoint.GetLeftPart(UriPartial.Authority),
            ["SSL_CERT_FILE"] = deployment.Simulator.Host.Files.CaBundle,
        };
    }

    /// <summary>Runs the SDK, or a program, in the folder of the project.</summary>
    private async Task<string> RunDotnetAsync(string[] arguments, Dictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(ProgramRunner.Dotnet, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _directory.Path,
        };
        // Those that "dotnet test" sets are of its own SDK, and NUGET_PACKAGES would be taken for the project's folder of packages.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment.Remove("NUGET_PACKAGES");
        foreach ((string name, string value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using var timer = new CancellationTokenSource(Patience);
        try
        {
            Task<string> error = process.StandardError.ReadToEndAsync(timer.Token);
            string output = await process.StandardOutput.ReadToEndAsync(timer.Token);
            await process.WaitForExitAsync(timer.Token);
            Assert.True(process.ExitCode == 0, $"dotnet {arguments[0]}: {output}{await error}");
            return output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
