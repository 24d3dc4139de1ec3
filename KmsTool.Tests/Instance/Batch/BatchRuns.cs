using System.Text;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>An enclave with its AWS for the tests of a class that leave it as they found it, and runs of kmstool-instance against it.</summary>
public sealed class BatchRuns : IAsyncLifetime
{
    private string _key = "";

    internal TestEnclave Enclave { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Enclave = await TestEnclave.StartAsync();
        _key = Enclave.CreateKey();
    }

    public async Task DisposeAsync() => await Enclave.DisposeAsync();

    /// <summary>A ciphertext in base64 of a plaintext.</summary>
    internal string Encrypt(string plaintext) =>
        Convert.ToBase64String(Enclave.Simulator.Host.Encrypt(_key, Encoding.UTF8.GetBytes(plaintext)));

    internal Task<ProgramResult> RunAsync(string input, params string[] arguments) =>
        RunAsync(Enclave, input, arguments);

    internal static Task<ProgramResult> RunAsync(TestEnclave enclave, string input, params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-instance", Arguments(enclave, arguments), EnvironmentOf(enclave), Encoding.UTF8.GetBytes(input));

    internal static RunningProgram Start(TestEnclave enclave, params string[] arguments) =>
        ProgramRunner.Start("kmstool-instance", Arguments(enclave, arguments), EnvironmentOf(enclave));

    internal static string[] Arguments(TestEnclave enclave, params string[] arguments) =>
        ["--cid", enclave.Address.ToString(), .. arguments.Contains("--batch") ? [] : (string[])["--batch", "-"], .. arguments];

    internal static Dictionary<string, string> EnvironmentOf(TestEnclave enclave) => new()
    {
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = enclave.Simulator.Host.ImdsEndpoint.ToString(),
    };
}
