using System.Text;
using System.Xml;
using KmsTool.Signing;
using KmsTool.Simulator.Iam;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Simulator.Sts;

/// <summary>The Query protocol of STS: GetCallerIdentity and AssumeRole.</summary>
internal sealed class StsService(SignatureVerifier signatures, AssumeRoleAction assumeRole)
{
    private const string FormContentType = "application/x-www-form-urlencoded";
    private const string Version = "2011-06-15";

    public async Task HandleAsync(HttpContext context, SigV4Request request)
    {
        string requestId = context.Response.Headers["x-amzn-RequestId"].ToString();
        byte[] response;
        try
        {
            AwsPrincipal principal = Authenticate(request);
            response = Execute(principal, ReadForm(context, request), requestId);
        }
        catch (StsException e)
        {
            context.Response.StatusCode = e.Status;
            response = StsResponse.WriteError(e, requestId);
        }

        context.Response.ContentType = "text/xml";
        context.Response.ContentLength = response.Length;
        await context.Response.Body.WriteAsync(response, context.RequestAborted);
    }

    private byte[] Execute(AwsPrincipal principal, StsParameters parameters, string requestId)
    {
        string action = parameters.ReadRequired("Action");
        if (parameters.ReadRequired("Version") != Version)
        {
            throw new StsException("InvalidAction", $"The version of the API must be {Version}");
        }

        return action switch
        {
            "GetCallerIdentity" => StsResponse.WriteSuccess(action, requestId, xml =>
            {
                xml.WriteElementString("Arn", principal.Arn);
                xml.WriteElementString("UserId", principal.UserId);
                xml.WriteElementString("Account", principal.AccountId);
            }),
            "AssumeRole" => StsResponse.WriteSuccess(action, requestId, assumeRole.Execute(principal, parameters)),
            _ => throw new StsException("InvalidAction", "The simulator knows GetCallerIdentity and AssumeRole only"),
        };
    }

    private AwsPrincipal Authenticate(SigV4Request request)
    {
        try
        {
            return signatures.Verify(request, "sts").Principal;
        }
        catch (SignatureException e)
        {
            throw e.Failure switch
            {
                SignatureFailure.Missing => new StsException("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
                SignatureFailure.Incomplete => new StsException("IncompleteSignature", e.Message),
                SignatureFailure.UnknownToken => new StsException("InvalidClientTokenId", e.Message, 403),
                SignatureFailure.ExpiredToken => new StsException("ExpiredToken", e.Message, 403),
                _ => new StsException("SignatureDoesNotMatch", e.Message, 403),
            };
        }
    }

    private static StsParameters ReadForm(HttpContext context, SigV4Request request)
    {
        if (!HttpMethods.IsPost(request.Method)
            || request.Target != "/"
            || context.Request.ContentType?.StartsWith(FormContentType, StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new StsException("InvalidAction", $"The request must be POST / with Content-Type {FormContentType}");
        }

        try
        {
            using var reader = new FormReader(Encoding.UTF8.GetString(request.Body.Span));
            Dictionary<string, StringValues> form = reader.ReadForm();
            return new StsParameters(form);
        }
        catch (InvalidDataException e)
        {
            throw new StsException("MalformedInput", e.Message);
        }
    }
}

/// <summary>The XML of the Query protocol.</summary>
internal static class StsResponse
{
    private const string Namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

    public static byte[] WriteSuccess(string action, string requestId, Action<XmlWriter> result) => Write(xml =>
    {
        xml.WriteStartElement(action + "Response", Namespace);
        xml.WriteStartElement(action + "Result");
        result(xml);
        xml.WriteEndElement();
        xml.WriteStartElement("ResponseMetadata");
        xml.WriteElementString("RequestId", requestId);
        xml.WriteEndElement();
        xml.WriteEndElement();
    });

    public static byte[] WriteError(StsException e, string requestId) => Write(xml =>
    {
        xml.WriteStartElement("ErrorResponse", Namespace);
        xml.WriteStartElement("Error");
        xml.WriteElementString("Type", "Sender");
        xml.WriteElementString("Code", e.Code);
        xml.WriteElementString("Message", e.Message);
        xml.WriteEndElement();
        xml.WriteElementString("RequestId", requestId);
        xml.WriteEndElement();
    });

    private static byte[] Write(Action<XmlWriter> content)
    {
        using var buffer = new MemoryStream();
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), OmitXmlDeclaration = true };
        using (var xml = XmlWriter.Create(buffer, settings))
        {
            content(xml);
        }

        return buffer.ToArray();
    }
}
