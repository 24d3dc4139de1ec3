using System.Threading.Channels;
using KmsTool.Enclave.Credentials;

namespace KmsTool.Tests.Enclave.Credentials;

/// <summary>A source that answers as the test says.</summary>
internal sealed class ScriptedSource : ICredentialSource
{
    private readonly Channel<TaskCompletionSource<TimedCredentials>> _asked = Channel.CreateUnbounded<TaskCompletionSource<TimedCredentials>>();

    public string Name => "a script";

    /// <summary>Whether it has been asked and the test has not yet seen it.</summary>
    public bool IsAsked => _asked.Reader.TryPeek(out _);

    public Task<TimedCredentials> FetchAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<TimedCredentials>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(_asked.Writer.TryWrite(answer));
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until it is asked, and answers.</summary>
    public async Task AnswerAsync(TimedCredentials credentials, CancellationToken cancellationToken) =>
        (await _asked.Reader.ReadAsync(cancellationToken)).SetResult(credentials);

    /// <summary>Waits until it is asked, and fails.</summary>
    public async Task FailAsync(string message, CancellationToken cancellationToken) =>
        (await _asked.Reader.ReadAsync(cancellationToken)).SetException(new CredentialException(message));

    /// <summary>Waits until it is asked, and leaves it at that.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _asked.Reader.ReadAsync(cancellationToken);
}
