using KmsTool.Tests.Enclave;

namespace KmsTool.Tests.Instance;

/// <summary>One enclave with its AWS for all tests of a class, which leave it as they found it.</summary>
public sealed class SharedEnclave : IAsyncLifetime
{
    internal TestEnclave Enclave { get; private set; } = null!;

    public async Task InitializeAsync() => Enclave = await TestEnclave.StartAsync();

    public async Task DisposeAsync() => await Enclave.DisposeAsync();
}
