using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// What is known of the names that destinations have, for all connections together. The names that the configuration fixes are
/// looked up and remembered apart: an enclave may ask for any number of others, of which those are forgotten that were asked
/// for longest ago.
/// </summary>
internal sealed class NameResolvers(AddressFamily family, SystemLookup lookup, TimeProvider time, ILogger logger)
{
    /// <summary>The number of names that are remembered because a peer asked for them.</summary>
    public const int Capacity = 256;

    private readonly LookupThreads _threadsForFixed = new(LookupBounds.Fixed, lookup);
    private readonly LookupThreads _threadsForRequested = new(LookupBounds.Requested, lookup);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, NameResolver> _fixed = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, LinkedListNode<(string Name, NameResolver Resolver)>> _requested = new(StringComparer.OrdinalIgnoreCase);
    private readonly LinkedList<(string Name, NameResolver Resolver)> _latestFirst = new();

    /// <summary>A name that the configuration has all connections of a listener lead to.</summary>
    public NameResolver GetFixed(string name)
    {
        lock (_lock)
        {
            if (!_fixed.TryGetValue(name, out NameResolver? resolver))
            {
                _fixed.Add(name, resolver = new NameResolver(name, family, _threadsForFixed, time, logger));
            }

            return resolver;
        }
    }

    /// <summary>Forgets names that the configuration does not fix any more.</summary>
    public void KeepFixed(IEnumerable<string> names)
    {
        var kept = names.ToHashSet(StringComparer.OrdinalIgnoreCase);
        lock (_lock)
        {
            foreach (string name in _fixed.Keys.Where(name => !kept.Contains(name)).ToArray())
            {
                _fixed.Remove(name);
            }
        }
    }

    /// <summary>A name that a peer asks for.</summary>
    public NameResolver GetRequested(string name)
    {
        lock (_lock)
        {
            if (_fixed.TryGetValue(name, out NameResolver? resolver))
            {
                return resolver;
            }

            if (_requested.TryGetValue(name, out LinkedListNode<(string Name, NameResolver Resolver)>? node))
            {
                _latestFirst.Remove(node);
            }
            else
            {
                if (_requested.Count == Capacity)
                {
                    _requested.Remove(_latestFirst.Last!.Value.Name);
                    _latestFirst.RemoveLast();
                }

                node = new((name, new NameResolver(name, family, _threadsForRequested, time, logger)));
                _requested.Add(name, node);
            }

            _latestFirst.AddFirst(node);
            return node.Value.Resolver;
        }
    }
}
