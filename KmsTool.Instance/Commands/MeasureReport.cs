using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Images;

namespace KmsTool.Instance.Commands;

/// <summary>What <c>measure</c> prints. The image's builder wrote some of it, so the text is made fit for a terminal.</summary>
internal static class MeasureReport
{
    private const long Mebibyte = 1024 * 1024;

    public static string Text(EnclaveImage image)
    {
        var text = new StringBuilder();
        foreach ((int index, ReadOnlyMemory<byte> value) in image.Pcrs.OrderBy(pcr => pcr.Key))
        {
            Line(text, string.Create(CultureInfo.InvariantCulture, $"PCR{index}"), Convert.ToHexStringLower(value.Span));
        }

        Line(text, "Architecture", Architecture(image));
        if (image.FurtherFlags != 0)
        {
            Line(text, "Further flags", Flags(image));
        }

        Line(text, "Default memory", image.DefaultMemory % Mebibyte == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{image.DefaultMemory / Mebibyte} MiB")
            : string.Create(CultureInfo.InvariantCulture, $"{image.DefaultMemory} bytes"));
        Line(text, "Default CPUs", image.DefaultCpus.ToString(CultureInfo.InvariantCulture));
        Line(text, "Command line", image.CommandLine);
        Line(text, "Metadata", image.Metadata is { } metadata ? OneLine(metadata) : "none");
        if (image.Signature is { } signature)
        {
            Line(text, "Signed by", signature.Subject);
            if (SignsAnotherPcr0(image))
            {
                Line(text, "Signed PCR0", Convert.ToHexStringLower(signature.SignedPcr0.Span));
            }

            Line(text, "Issuer", signature.Issuer);
            Line(text, "Certificate valid", $"{Time(signature.NotBefore)} to {Time(signature.NotAfter)}");
        }
        else
        {
            Line(text, "Signed by", "no one");
        }

        return text.ToString();
    }

    /// <summary>One object, with the names of <c>nitro-cli describe-eif</c> where it has one, and a newline.</summary>
    public static string Json(EnclaveImage image)
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
        json.WriteString("Architecture", Architecture(image));
        if (image.FurtherFlags != 0)
        {
            json.WriteString("FurtherFlags", Flags(image));
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
    public static string Flags(EnclaveImage image) => string.Create(CultureInfo.InvariantCulture, $"0x{image.FurtherFlags:x4}");

    /// <summary>As nitro-cli and the kernel call it.</summary>
    private static string Architecture(EnclaveImage image) => image.Architecture == ImageArchitecture.Arm64 ? "aarch64" : "x86_64";

    /// <summary>RFC 3339, to the second, UTC.</summary>
    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string OneLine(JsonElement metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            metadata.WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name + ":",-20} {TerminalText.Neutralize(value)}\n");
}
