using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance measure</c>: checks an enclave image file and prints its measurements.</summary>
internal static class MeasureCommandLine
{
    public const string Name = "measure";

    public const string Help = """
        Checks an enclave image file (EIF) and prints the measurements (PCRs) that the
        Nitro Secure Module will report for an enclave of it. Needs no AWS, no enclave
        and no nitro-cli.

        Usage:
          kmstool-instance measure IMAGE.eif [options]

          IMAGE.eif              the file, of version 4; - is stdin

        All of the file is checked: its structure, its CRC-32 and, where it is signed,
        the signature (ES256, ES384 or ES512); the dates of the signer's certificate
        are shown, not judged. Memory does not grow with the size of the file. A
        progress bar is shown if stderr is a terminal.

        Options:
          --output FORMAT        text (default; cuts what is very long) or json, with
                                 the names of 'nitro-cli describe-eif' and more:
                                 {"Measurements":{"HashAlgorithm":...,"PCR0":...}}
          -h, --help             this text

        What it prints:
          PCR0                   the image: kernel, command line and ramdisks
          PCR1                   kernel, command line and the first ramdisk
          PCR2                   the other ramdisks, which hold the application
          PCR8                   the certificate of the signer, where it is signed
        and architecture, default memory and CPUs, command line and metadata. No PCR
        measures the metadata. In debug mode an enclave reports zeros instead. Header
        flags that the published format does not define are shown with a warning: the
        builder of such an image may compute PCR0 in another way.

        Examples:
          kmstool-instance measure enclave.eif
          kmstool-instance measure enclave.eif --output json
          kmstool-instance measure enclave.eif --output json | jq -r .Measurements.PCR0

        Exit codes:
          0 the image is valid
          1 it is not, and stderr says which field is wrong; or the result could not
            be written
          2 wrong usage; the file cannot be read

        """;

    public static Command CreateCommand()
    {
        var path = new Argument<string>("IMAGE.eif");
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(Name) { path, output };
        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveImage image = await ImageFile.ReadAsync(line.GetRequiredValue(path), cancellationToken);
            string report = line.GetRequiredValue(output) == "json" ? MeasureReport.FormatJson(image) : MeasureReport.FormatText(image);
            await StandardOutput.WriteAsync(report, cancellationToken);
        });
        return command;
    }
}
