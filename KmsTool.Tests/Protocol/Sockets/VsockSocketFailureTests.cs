using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Sockets;

public class VsockSocketFailureTests
{
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int TooManyFiles = 24;
    private const int FamilyNotSupported = 97;

    private const string OfContainers = "--security-opt seccomp=unconfined";
    private const string OfMachines = "Is the vsock kernel module loaded?";

    [Theory]
    [InlineData(NotPermitted, OfContainers)]
    [InlineData(AccessDenied, OfContainers)]
    [InlineData(FamilyNotSupported, OfMachines)]
    [InlineData(TooManyFiles, null)]
    public void Failure_advice_is_that_for_the_error(int error, string? advice)
    {
        string message = VsockSocket.Failure(error).Message;

        Assert.All([OfContainers, OfMachines], one => Assert.Equal(one == advice, message.Contains(one, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(NotPermitted, OfContainers, "describe", "--cid", "16")]
    [InlineData(AccessDenied, OfContainers, "describe", "--cid", "16")]
    [InlineData(FamilyNotSupported, OfMachines, "describe", "--cid", "16")]
    [InlineData(NotPermitted, OfContainers, "vsock-proxy", "8000", "127.0.0.1", "443")]
    [InlineData(AccessDenied, OfContainers, "vsock-proxy", "8000", "127.0.0.1", "443")]
    public async Task Refused_socket_ends_the_program_with_the_advice_for_the_error(int error, string advice, params string[] arguments)
    {
        await using RunningProgram program = RefusedVsock.Start(error, "kmstool-instance", arguments);

        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal(4, result.ExitCode);
        Assert.Contains(advice, result.Error, StringComparison.Ordinal);
        // Neither the enclave nor another program is at fault.
        Assert.DoesNotContain("nitro-cli", result.Error, StringComparison.Ordinal);
    }
}
