using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// The Nitro Secure Module's device (include/uapi/linux/nsm.h). The ioctl may block in the kernel for up to two minutes,
/// so one thread of its own makes all calls, in order.
/// </summary>
internal sealed partial class NsmDevice : INsm
{
    public const string DefaultPath = "/dev/nsm";

    // _IOWR(0x0A, 0, struct nsm_raw), whose size is 32 bytes.
    private const nuint IoctlRaw = 0xC0200A00;
    private const int MessageTooLong = 90;
    private const int MaxPending = 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SafeFileHandle _device;
    private readonly Channel<Call> _calls = Channel.CreateBounded<Call>(new BoundedChannelOptions(MaxPending) { SingleReader = true });

    private NsmDevice(SafeFileHandle device)
    {
        _device = device;
        new Thread(Run) { IsBackground = true, Name = "nsm" }.Start();
    }

    /// <summary>Opens the device.</summary>
    /// <exception cref="IOException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static NsmDevice Open(string path) =>
        new(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));

    public async ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken)
    {
        var call = new Call(request.Encode());
        await _calls.Writer.WriteAsync(call, cancellationToken).ConfigureAwait(false);
        try
        {
            return NsmResponse.Decode(await call.Answer.Task.WaitAsync(Timeout, cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            call.IsAbandoned = true;
            throw;
        }
        catch (TimeoutException e)
        {
            call.IsAbandoned = true;
            throw new IOException($"the NSM device gave no answer within {Timeout.TotalSeconds} s", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        _calls.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private void Run()
    {
        while (_calls.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_calls.Reader.TryRead(out Call? call))
            {
                // Skip abandoned requests.
                if (call.IsAbandoned)
                {
                    continue;
                }

                try
                {
                    call.Answer.SetResult(Exchange(call.Request));
                }
#pragma warning disable CA1031 // An exception that left this thread would end the process.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    call.Answer.SetException(e);
                }
            }
        }

        _device.Dispose();
    }

    private unsafe byte[] Exchange(byte[] request)
    {
        byte[] response = new byte[NsmLimits.MaxResponseLength];
        fixed (byte* requestStart = request, responseStart = response)
        {
            var message = new RawMessage
            {
                Request = requestStart,
                RequestLength = (ulong)request.Length,
                Response = responseStart,
                ResponseLength = (ulong)response.Length,
            };
            if (Ioctl(_device, IoctlRaw, ref message) < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                throw new IOException(error == MessageTooLong
                    ? "the NSM request is too large for the device"
                    : $"the NSM device failed: {new Win32Exception(error).Message}");
            }

            byte[] answer = response[..(int)Math.Min(message.ResponseLength, (ulong)response.Length)];
            // It may be random bytes.
            CryptographicOperations.ZeroMemory(response);
            return answer;
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle device, nuint request, ref RawMessage message);

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct RawMessage
    {
        public byte* Request;
        public ulong RequestLength;
        public byte* Response;
        public ulong ResponseLength;
    }

    private sealed record Call(byte[] Request)
    {
        private volatile bool _isAbandoned;

        public bool IsAbandoned
        {
            get => _isAbandoned;
            set => _isAbandoned = value;
        }

        public TaskCompletionSource<byte[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
