namespace KmsTool.Simulator.Sts;

/// <summary>An error answer of STS.</summary>
internal sealed class StsException(string code, string message, int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;

    public static StsException Validation(string message) => new("ValidationError", message);
}
