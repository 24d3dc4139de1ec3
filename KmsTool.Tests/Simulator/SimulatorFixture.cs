namespace KmsTool.Tests.Simulator;

/// <summary>One simulator for the tests of a class that leave it as they found it.</summary>
public sealed class SimulatorFixture : IAsyncLifetime
{
    internal RunningSimulator Simulator { get; private set; } = null!;

    public async Task InitializeAsync() => Simulator = await RunningSimulator.StartAsync();

    public async Task DisposeAsync() => await Simulator.DisposeAsync();
}
