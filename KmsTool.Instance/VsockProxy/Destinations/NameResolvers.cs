using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// What is known of the names that destinations have, for all connections together. An enclave may ask for any number of names:
/// those that were asked for longest ago are forgotten.
/// </summary>
internal sealed class NameResolvers(AddressFamily family, NameLookup lookup, TimeProvider time, ILogger logger)
{
    /// <summary>Names that are remembered.</summary>
    public const int Capacity = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Name, NameResolver Resolver)>> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly LinkedList<(string Name, NameResolver Resolver)> _latestFirst = new();

    public NameResolver this[string name]
    {
        get
        {
            lock (_lock)
            {
                if (_byName.TryGetValue(name, out LinkedListNode<(string Name, NameResolver Resolver)>? node))
                {
                    _latestFirst.Remove(node);
                }
                else
                {
                    if (_byName.Count == Capacity)
                    {
                        _byName.Remove(_latestFirst.Last!.Value.Name);
                        _latestFirst.RemoveLast();
                    }

                    node = new((name, new NameResolver(name, family, lookup, time, logger)));
                    _byName.Add(name, node);
                }

                _latestFirst.AddFirst(node);
                return node.Value.Resolver;
            }
        }
    }
}
