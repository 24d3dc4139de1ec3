namespace KmsTool.Protocol.Messages;

/// <summary>Decides whether there is room for the messages of a <see cref="MessageReader"/>.</summary>
internal interface IMessageAdmission
{
    /// <summary>Waits until bytes of a message are there to be read; none has been read yet.</summary>
    public ValueTask AwaitArrivalAsync(CancellationToken cancellationToken);

    /// <summary>Whether a message may be read on, or if it is whole, be had.</summary>
    /// <param name="length">Bytes of it that have been read.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    /// <param name="cancellationToken">Ends waiting for room.</param>
    public ValueTask<bool> AdmitAsync(long length, bool isWhole, CancellationToken cancellationToken);
}
