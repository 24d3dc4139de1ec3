using KmsTool.Cli;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary>An enclave image file that an argument names.</summary>
internal static class ImageFile
{
    /// <summary>Reads and checks all of it; <c>-</c> is stdin.</summary>
    /// <exception cref="CommandFailedException">It cannot be read, or is no valid image.</exception>
    public static async Task<EnclaveImage> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using Stream file = await InputFile.OpenAsync(path, "The image", cancellationToken);
        try
        {
            // Named pipes on Unix may keep a read waiting that no token ends.
            return await EnclaveImage.ReadAsync(file, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (EnclaveImageException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"{path} is no valid enclave image: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The image cannot be read: {e.Message}", e);
        }
    }
}
