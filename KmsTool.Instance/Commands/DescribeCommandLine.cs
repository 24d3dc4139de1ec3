using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance describe</c>: what an enclave says of itself.</summary>
internal static class DescribeCommandLine
{
    public const string Name = "describe";

    public static Command CreateCommand()
    {
        var enclave = new EnclaveArguments(withCredentials: false);
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(Name) { output };
        enclave.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveRequest request = enclave.Bind(line);
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            using DescribeReply reply = await EnclaveCommand.RunAsync<DescribeReply>(
                request, new DescribeCommand(), loggers.CreateLogger(Name), cancellationToken);
            if (line.GetRequiredValue(output) == "json")
            {
                await StandardOutput.WriteAsync(stream => ReplyWriter.WriteAsync(stream, reply, indented: true, cancellationToken), cancellationToken);
            }
            else
            {
                await StandardOutput.WriteAsync(DescriptionText.Format(reply), cancellationToken);
            }
        });
        return command;
    }
}
