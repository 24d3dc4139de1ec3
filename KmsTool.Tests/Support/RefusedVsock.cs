using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace KmsTool.Tests.Support;

/// <summary>
/// Starts programs to which the kernel refuses vsock sockets, as a container's seccomp profile has it do: their calls reach no
/// vsock, even where the machine has one.
/// </summary>
internal static partial class RefusedVsock
{
    private const int SetNoNewPrivileges = 38;
    private const int SetSeccomp = 22;
    private const int FilterMode = 2;

    // linux/filter.h, linux/seccomp.h
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;
    private const uint Errno = 0x0005_0000;
    private const uint Allow = 0x7fff_0000;
    private const int FirstArgument = 16;
    private const uint VsockFamily = 40;

    /// <summary>Starts a program for which socket(AF_VSOCK) fails with this error.</summary>
    public static RunningProgram Start(int error, string program, IEnumerable<string> arguments)
    {
        RunningProgram? started = null;
        ExceptionDispatchInfo? failure = null;
        // A filter is one thread's and its children's.
        var thread = new Thread(() =>
        {
            try
            {
                Install(error);
                started = ProgramRunner.Start(program, arguments);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return started!;
    }

    private static unsafe void Install(int error)
    {
        uint socket = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 198u : 41u;
        ulong[] rules =
        [
            Rule(LoadWord, 0),
            Rule(JumpIfEqual, socket, otherwise: 3),
            Rule(LoadWord, FirstArgument),
            Rule(JumpIfEqual, VsockFamily, otherwise: 1),
            Rule(Return, Errno | (uint)error),
            Rule(Return, Allow),
        ];
        fixed (ulong* first = rules)
        {
            var program = new FilterProgram { Length = (ushort)rules.Length, Rules = (nint)first };
            Assert.Equal(0, Prctl(SetNoNewPrivileges, 1, 0, 0, 0));
            Assert.Equal(0, Prctl(SetSeccomp, FilterMode, (nint)(&program), 0, 0));
        }
    }

    // struct sock_filter: u16 code, u8 jump if true, u8 jump if false, u32 operand.
    private static ulong Rule(ushort code, uint operand, byte otherwise = 0) => code | ((ulong)otherwise << 24) | ((ulong)operand << 32);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nint second, nint third, nint fourth, nint fifth);

    private struct FilterProgram
    {
        public ushort Length;
        public nint Rules;
    }
}
