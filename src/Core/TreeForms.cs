using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>The types that are structures, and how each is taken apart and put together.</summary>
internal static class TreeForms
{
    private static readonly HashSet<Type> Lists =
    [
        typeof(List<>), typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ReadOnlyCollection<>),
    ];

    private static readonly HashSet<Type> Dictionaries =
    [
        typeof(Dictionary<,>), typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(OrderedDictionary<,>), typeof(ImmutableDictionary<,>),
        typeof(ImmutableSortedDictionary<,>), typeof(FrozenDictionary<,>), typeof(ReadOnlyDictionary<,>),
    ];

    /// <summary>What takes a structure of a type apart; it answers null where there is no tensor in it. Null for a type that is none.</summary>
    public static Func<object, TreeBranch?>? Opener(Type type)
    {
        if (HasNoTensor(type))
        {
            return _ => null;
        }

        if (type.IsAssignableTo(typeof(ITree)))
        {
            return Own;
        }

        if (type.IsSZArray)
        {
            return Generic(nameof(Items), type.GetElementType()!);
        }

        // A frozen dictionary's own type derives from the one that is known.
        for (var known = type; known is not null; known = known.BaseType)
        {
            var definition = known.IsGenericType ? known.GetGenericTypeDefinition() : null;
            if (definition == typeof(FrozenDictionary<,>) || (known == type && definition is not null && Dictionaries.Contains(definition)))
            {
                return Generic(nameof(Entries), known.GetGenericArguments());
            }
        }

        if (type.IsGenericType && (Lists.Contains(type.GetGenericTypeDefinition()) || IsListLiteral(type)))
        {
            return Generic(nameof(Items), type.GetGenericArguments());
        }

        return type.IsAssignableTo(typeof(ITuple)) && type.Assembly == typeof(ITuple).Assembly ? Tuple : TreeRecords.Opener(type);
    }

    /// <summary>A type's name as one writes it: <c>List&lt;Tensor&gt;</c>.</summary>
    public static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;

    /// <summary>Numbers, names and the like, and sealed types made of these alone: what is carried along.</summary>
    private static bool HasNoTensor(Type type) => HasNoTensor(type, []);

    private static bool HasNoTensor(Type type, HashSet<Type> asked)
    {
        if (type == typeof(Tensor) || type.IsAssignableTo(typeof(ITree)))
        {
            return false;
        }

        if (type.IsPrimitive || type.IsEnum || type.IsPointer || type.IsFunctionPointer || type == typeof(string)
            || type.IsAssignableTo(typeof(Delegate)) || type.IsAssignableTo(typeof(Type)) || type == typeof(Device) || type == typeof(Generator))
        {
            return true;
        }

        return type.IsSealed && (!asked.Add(type) || (type.IsArray
            ? HasNoTensor(type.GetElementType()!, asked)
            : Fields(type).All(field => HasNoTensor(field.FieldType, asked))));
    }

    private static IEnumerable<FieldInfo> Fields(Type? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            foreach (var field in type.GetFields(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    /// <summary>What the compiler makes of <c>[a, b]</c> for an interface that one can only read.</summary>
    private static bool IsListLiteral(Type type) => type.Name.StartsWith("<>z__ReadOnly", StringComparison.Ordinal);

    private static MethodInfo Method(string name) => typeof(TreeForms).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>The opener that a method gives for some types; where these cannot be or hold tensors, what is made of them is carried along.</summary>
    private static Func<object, TreeBranch?> Generic(string method, params Type[] types) => HasNoTensor(types[^1])
        ? _ => null
        : Method(method).MakeGenericMethod(types).CreateDelegate<Func<object, TreeBranch?>>();

    private static TreeBranch? Own(object tree)
    {
        var leaves = ((ITree)tree).Leaves;
        return new TreeBranch(
            [.. leaves.Select(leaf => leaf.Tensor)],
            [.. leaves.Select(leaf => (object)new Member(leaf.Name))],
            parts => ((ITree)tree).With([.. parts.Cast<Tensor>()]));
    }

    private static TreeBranch? Items<T>(object list) => list is ImmutableArray<T> { IsDefault: true }
        ? null
        : new TreeBranch([.. ((IEnumerable<T>)list).Select(item => (object?)item)], null, parts =>
        {
            T[] items = Array.ConvertAll(parts, part => (T)part!);
            return list switch
            {
                List<T> => new List<T>(items),
                ImmutableArray<T> => ImmutableArray.Create(items),
                ImmutableList<T> => ImmutableList.Create(items),
                ReadOnlyCollection<T> => items.AsReadOnly(),
                _ => items,
            };
        });

    private static TreeBranch? Entries<TKey, TValue>(object tree)
        where TKey : notnull
    {
        object dictionary = Within<TKey, TValue>(tree);
        KeyValuePair<TKey, TValue>[] entries = [.. (IEnumerable<KeyValuePair<TKey, TValue>>)dictionary];
        int[] order = [.. Enumerable.Range(0, entries.Length)];
        if (dictionary is not (SortedDictionary<TKey, TValue> or SortedList<TKey, TValue> or OrderedDictionary<TKey, TValue>
            or ImmutableSortedDictionary<TKey, TValue>))
        {
            try
            {
                order = [.. order.OrderBy(k => entries[k].Key, Comparer<TKey>.Create(Compare))];
            }
            catch (InvalidOperationException) when (dictionary is Dictionary<TKey, TValue>)
            {
                // A dictionary that is filled in the order of another lists its entries as that one does.
            }
            catch (InvalidOperationException)
            {
                throw new ArgumentException(
                    $"Tree: the keys of type {NameOf(typeof(TKey))} have no order; use a Dictionary or an OrderedDictionary, or keys that are " +
                    "IComparable.");
            }
        }

        return new TreeBranch(
            [.. order.Select(k => (object?)entries[k].Value)],
            [.. order.Select(k => (object)entries[k].Key)],
            parts =>
            {
                var other = new KeyValuePair<TKey, TValue>[entries.Length];
                for (int i = 0; i < other.Length; i++)
                {
                    other[order[i]] = new(entries[order[i]].Key, (TValue)parts[i]!);
                }

                object result = Like(dictionary, other);
                return tree is ReadOnlyDictionary<TKey, TValue> ? ((IDictionary<TKey, TValue>)result).AsReadOnly() : result;
            },
            Same<TKey, TValue>(dictionary));

        static int Compare(TKey a, TKey b) =>
            a is string first && b is string second ? string.CompareOrdinal(first, second) : Comparer<TKey>.Default.Compare(a, b);
    }

    /// <summary>A dictionary of the kind and with the comparer of another.</summary>
    private static object Like<TKey, TValue>(object dictionary, KeyValuePair<TKey, TValue>[] entries)
        where TKey : notnull
    {
        return dictionary switch
        {
            Dictionary<TKey, TValue> d => new Dictionary<TKey, TValue>(entries, d.Comparer),
            OrderedDictionary<TKey, TValue> d => new OrderedDictionary<TKey, TValue>(entries, d.Comparer),
            SortedDictionary<TKey, TValue> d => Filled(new SortedDictionary<TKey, TValue>(d.Comparer)),
            SortedList<TKey, TValue> d => Filled(new SortedList<TKey, TValue>(entries.Length, d.Comparer)),
            ImmutableDictionary<TKey, TValue> d => d.Clear().AddRange(entries),
            ImmutableSortedDictionary<TKey, TValue> d => d.Clear().AddRange(entries),
            FrozenDictionary<TKey, TValue> d => entries.ToFrozenDictionary(d.Comparer),
            _ => throw new ArgumentException($"Tree: what a ReadOnlyDictionary shows, a {NameOf(dictionary.GetType())}, cannot be made again."),
        };

        object Filled(IDictionary<TKey, TValue> empty)
        {
            foreach (var (key, value) in entries)
            {
                empty.Add(key, value);
            }

            return empty;
        }
    }

    private static Func<object, object, bool> Same<TKey, TValue>(object dictionary)
        where TKey : notnull
    {
        var order = dictionary switch
        {
            SortedDictionary<TKey, TValue> d => d.Comparer,
            SortedList<TKey, TValue> d => d.Comparer,
            ImmutableSortedDictionary<TKey, TValue> d => d.KeyComparer,
            _ => null,
        };
        var equality = dictionary switch
        {
            Dictionary<TKey, TValue> d => d.Comparer,
            OrderedDictionary<TKey, TValue> d => d.Comparer,
            ImmutableDictionary<TKey, TValue> d => d.KeyComparer,
            FrozenDictionary<TKey, TValue> d => d.Comparer,
            _ => EqualityComparer<TKey>.Default,
        };
        return (a, b) => a is TKey x && b is TKey y && (order is null ? equality.Equals(x, y) : order.Compare(x, y) == 0);
    }

    /// <summary>What a read-only dictionary shows; any other as it is.</summary>
    private static object Within<TKey, TValue>(object dictionary)
        where TKey : notnull
    {
        while (dictionary is ReadOnlyDictionary<TKey, TValue>)
        {
            dictionary = typeof(ReadOnlyDictionary<TKey, TValue>)
                .GetProperty("Dictionary", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(dictionary)!;
        }

        return dictionary;
    }

    private static TreeBranch? Tuple(object tree)
    {
        var tuple = (ITuple)tree;
        object?[] parts = [.. Enumerable.Range(0, tuple.Length).Select(k => tuple[k])];
        return new TreeBranch(
            parts, [.. parts.Select((_, k) => (object)new Member($"Item{k + 1}"))], other => NewTuple(tree.GetType(), other));
    }

    /// <summary>Tuples of more than seven parts nest: the eighth part is a tuple of the rest.</summary>
    private static object NewTuple(Type type, object?[] parts)
    {
        var own = parts.Length <= 7 ? parts : [.. parts[..7], NewTuple(type.GetGenericArguments()[7], parts[7..])];
        return Activator.CreateInstance(type, own)!;
    }
}
