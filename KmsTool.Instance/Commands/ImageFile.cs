using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary>An enclave image file that an argument names.</summary>
internal static class ImageFile
{
    private const double Mebibyte = 1024 * 1024;

    /// <summary>Reads and checks all of it, with a progress bar on a terminal; <c>-</c> is stdin. Warns of flags in its header.</summary>
    /// <exception cref="CommandFailedException">It cannot be read, or is not a valid image.</exception>
    public static async Task<EnclaveImage> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using Stream file = await InputFile.OpenAsync(path, "The image", cancellationToken);
        try
        {
            EnclaveImage image = await MeasureAsync(file, cancellationToken);
            if (image.FurtherFlags != 0)
            {
                await Console.Error.WriteLineAsync(
                    $"The image's header has the flags {MeasureReport.FormatFlags(image)}, which the published format does not define. "
                    + (MeasureReport.SignsAnotherPcr0(image)
                        ? "PCR0 is computed by the published rule, and is not the PCR0 that the builder signed: "
                            + $"{Convert.ToHexStringLower(image.Signature!.SignedPcr0.Span)}. Verify an attestation document of the running enclave to see which of the two it has."
                        : "PCR0 is computed by the published rule; the builder of this image may compute it differently. Compare them."));
            }

            return image;
        }
        catch (EnclaveImageException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path} is not a valid enclave image: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The image cannot be read: {e.Message}", e);
        }
    }

    private static async Task<EnclaveImage> MeasureAsync(Stream file, CancellationToken cancellationToken)
    {
        var count = new ByteCount();
        // Named pipes on Unix may keep a read waiting that no token ends.
        Task<EnclaveImage> reading = EnclaveImage.MeasureAsync(file, count, cancellationToken).WaitAsync(cancellationToken);
        if (TerminalProgress.Create(isOutputWritten: false) is { } progress)
        {
            long? length = file is FileStream { CanSeek: true } ? file.Length : null;
            await progress.ShowAsync(count.Describe, () => count.Value, length, TimeProvider.System, () => reading);
        }

        return await reading;
    }

    private sealed class ByteCount : IProgress<long>
    {
        private long _value;

        public long Value => Volatile.Read(ref _value);

        public void Report(long value) => Volatile.Write(ref _value, value);

        public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{Value / Mebibyte:0} MiB measured");
    }
}
