using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary>What <c>measure</c> prints. The image's builder wrote some of it, so the text is made fit for a terminal.</summary>
internal static class MeasureReport
{
    private const long Mebibyte = 1024 * 1024;

    public static string FormatText(EnclaveImage image)
    {
        var report = new TextReport();
        foreach ((int index, ReadOnlyMemory<byte> value) in image.Pcrs.OrderBy(pcr => pcr.Key))
        {
            report.Add(string.Create(CultureInfo.InvariantCulture, $"PCR{index}"), Convert.ToHexStringLower(value.Span));
        }

        report.Add("Architecture", NameArchitecture(image));
        if (image.FurtherFlags != 0)
        {
            report.Add("Further flags", FormatFlags(image));
        }

        report.Add("Default memory", image.DefaultMemory % Mebibyte == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{image.DefaultMemory / Mebibyte} MiB")
            : string.Create(CultureInfo.InvariantCulture, $"{image.DefaultMemory} bytes"));
        report.Add("Default CPUs", image.DefaultCpus.ToString(CultureInfo.InvariantCulture));
        report.Add("Command line", image.CommandLine);
        report.Add("Metadata", image.Metadata is { } metadata ? FormatOneLine(metadata) : "none");
        if (image.Signature is { } signature)
        {
            report.Add("Signed by", signature.Subject);
            if (SignsAnotherPcr0(image))
            {
                report.Add("Signed PCR0", Convert.ToHexStringLower(signature.SignedPcr0.Span));
            }

            report.Add("Issuer", signature.Issuer);
            report.Add("Certificate valid", $"{TextReport.FormatTime(signature.NotBefore)} to {TextReport.FormatTime(signature.NotAfter)}");
        }
        else
        {
            report.Add("Signed by", "no one");
        }

        return report.ToString();
    }

    /// <summary>One object, with the names of <c>nitro-cli describe-eif</c> where it has one, and a newline.</summary>
    public static string FormatJson(EnclaveImage image)
    {
        using var buffer = new MemoryStream();
        // The default encoder: an image's text may hold what changes a terminal, or the direction of writing.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            Write(json, image);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    private static void Write(Utf8JsonWriter json, EnclaveImage image)
    {
        json.WriteStartObject();
        json.WriteNumber("EifVersion", 4);
        json.WriteStartObject("Measurements");
        json.WriteString("HashAlgorithm", "Sha384 { ... }");
        foreach ((int index, ReadOnlyMemory<byte> value) in image.Pcrs.OrderBy(pcr => pcr.Key))
        {
            json.WriteString(string.Create(CultureInfo.InvariantCulture, $"PCR{index}"), Convert.ToHexStringLower(value.Span));
        }

        json.WriteEndObject();
        json.WriteBoolean("IsSigned", image.Signature is not null);
        json.WriteBoolean("CheckCRC", true);
        json.WriteString("Architecture", NameArchitecture(image));
        if (image.FurtherFlags != 0)
        {
            json.WriteString("FurtherFlags", FormatFlags(image));
        }

        json.WriteNumber("DefaultMemory", image.DefaultMemory);
        json.WriteNumber("DefaultCpus", image.DefaultCpus);
        json.WriteString("CommandLine", image.CommandLine);
        if (image.Signature is { } signature)
        {
            json.WriteBoolean("SignatureCheck", true);
            if (SignsAnotherPcr0(image))
            {
                json.WriteString("SignedPCR0", Convert.ToHexStringLower(signature.SignedPcr0.Span));
            }

            SigningCertificateJson.Write(json, signature);
        }

        if (image.Metadata is { } metadata)
        {
            ImageMetadataJson.Write(json, metadata);
        }

        json.WriteStartArray("Sections");
        foreach (ImageSection section in image.Sections)
        {
            json.WriteStartObject();
            json.WriteString("Type", section.Type.ToString());
            json.WriteNumber("Offset", section.Offset);
            json.WriteNumber("Size", section.Size);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Whether the signature covers a PCR0 that is not the one of the published rule.</summary>
    public static bool SignsAnotherPcr0(EnclaveImage image) =>
        image.Signature is { } signature && !signature.SignedPcr0.Span.SequenceEqual(image.Pcrs[0].Span);

    /// <summary>Flags of the header that the published format does not define, as four hexadecimal digits.</summary>
    public static string FormatFlags(EnclaveImage image) => string.Create(CultureInfo.InvariantCulture, $"0x{image.FurtherFlags:x4}");

    /// <summary>As nitro-cli and the kernel call it.</summary>
    private static string NameArchitecture(EnclaveImage image) => image.Architecture == ImageArchitecture.Arm64 ? "aarch64" : "x86_64";

    private static string FormatOneLine(JsonElement metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            metadata.WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}

/// <summary>
/// Writes the metadata of an image where <c>nitro-cli describe-eif</c> has them: name and version next to
/// <c>Metadata</c>, and in that the members of <c>BuildMetadata</c> and <c>CustomMetadata</c> next to those two, which are
/// kept as they stand in the image.
/// </summary>
internal static class ImageMetadataJson
{
    private const string BuildMetadata = "BuildMetadata";

    private static readonly string[] Identity = ["ImageName", "ImageVersion"];
    private static readonly string[] Build = ["BuildTime", "BuildTool", "BuildToolVersion", "OperatingSystem", "KernelVersion"];

    public static void Write(Utf8JsonWriter json, JsonElement metadata)
    {
        foreach (string name in Identity)
        {
            if (metadata.TryGetProperty(name, out JsonElement value))
            {
                WriteMember(json, name, value);
            }
        }

        json.WriteStartObject("Metadata");
        // A reader may take the first or the last of two members of one name, so there is one: what nitro-cli shows there.
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in Build)
        {
            if (TryGetObject(metadata, BuildMetadata, out JsonElement build) && build.TryGetProperty(name, out JsonElement value) && written.Add(name))
            {
                WriteMember(json, name, value);
            }
        }

        WriteMembers(json, metadata, written);
        if (TryGetObject(metadata, "CustomMetadata", out JsonElement custom))
        {
            WriteMembers(json, custom, written);
        }

        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement members, HashSet<string> written)
    {
        foreach (JsonProperty member in members.EnumerateObject())
        {
            if (written.Add(member.Name))
            {
                WriteMember(json, member.Name, member.Value);
            }
        }
    }

    private static void WriteMember(Utf8JsonWriter json, string name, JsonElement value)
    {
        json.WritePropertyName(name);
        value.WriteTo(json);
    }

    private static bool TryGetObject(JsonElement metadata, string name, out JsonElement value) =>
        metadata.TryGetProperty(name, out value) && value.ValueKind == JsonValueKind.Object;
}
