using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// Structures of tensors: a tensor, an array or list, a dictionary, a tuple, a record, and any nesting of these. What is not a tensor in
/// them (a number, a name) is carried along. This is the one place where structures are taken apart and put together.
/// </summary>
public static class Tree
{
    private static readonly ConcurrentDictionary<Type, (ConstructorInfo Constructor, PropertyInfo[] Parts)?> Records = new();

    /// <summary>The tensors of a structure, in a fixed order.</summary>
    /// <exception cref="ArgumentException">The structure holds a type that is none of the above.</exception>
    public static IReadOnlyList<Tensor> Flatten<T>(T tree)
    {
        var leaves = new List<Tensor>();
        Map(tree, leaf =>
        {
            leaves.Add(leaf);
            return leaf;
        });
        return leaves;
    }

    /// <summary>A structure like another, of other tensors, in the order of <see cref="Flatten"/>.</summary>
    /// <exception cref="ArgumentException">There are too few or too many tensors.</exception>
    public static T Rebuild<T>(T like, IReadOnlyList<Tensor> leaves)
    {
        int next = 0;
        var result = Map(like, _ => next < leaves.Count
            ? leaves[next++]
            : throw new ArgumentException($"Tree: the structure has more than the {leaves.Count} tensors given."));
        return next == leaves.Count
            ? result
            : throw new ArgumentException($"Tree: the structure has {next} tensors, {leaves.Count} are given.");
    }

    /// <summary>A structure like another, each of its tensors replaced by a function of it.</summary>
    public static T Map<T>(T tree, Func<Tensor, Tensor> f) => tree is Tensor leaf ? (T)(object)f(leaf) : (T)Replace(tree, f)!;

    private static object? Replace(object? tree, Func<Tensor, Tensor> f)
    {
        switch (tree)
        {
            case null or string or IConvertible:
                return tree;
            case Tensor leaf:
                return f(leaf);
            case Array { Rank: 1 } array:
                var copy = Array.CreateInstance(array.GetType().GetElementType()!, array.Length);
                for (int i = 0; i < array.Length; i++)
                {
                    copy.SetValue(Replace(array.GetValue(i), f), i);
                }

                return copy;
            case IDictionary dictionary:
                var entries = (IDictionary)Activator.CreateInstance(dictionary.GetType())!;
                foreach (var key in dictionary.Keys.Cast<object>().Order())
                {
                    entries[key] = Replace(dictionary[key], f);
                }

                return entries;
            case IList list when list.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(List<>):
                var items = (IList)Activator.CreateInstance(type)!;
                foreach (object? item in list)
                {
                    items.Add(Replace(item, f));
                }

                return items;
            case ITuple tuple:
                var parts = new object?[tuple.Length];
                for (int i = 0; i < parts.Length; i++)
                {
                    parts[i] = Replace(tuple[i], f);
                }

                return NewTuple(tree.GetType(), parts);
        }

        // A record class: a clone keeps what else it has; every property that can be set is a part.
        if (tree.GetType().GetMethod("<Clone>$") is { } clone)
        {
            object result = clone.Invoke(tree, null)!;
            foreach (var property in tree.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public))
            {
                if (property.SetMethod is not null && property.GetIndexParameters().Length == 0)
                {
                    property.SetValue(result, Replace(property.GetValue(tree), f));
                }
            }

            return result;
        }

        if (Records.GetOrAdd(tree.GetType(), AsRecord) is not { } record)
        {
            throw new ArgumentException(
                $"Tree: a {tree.GetType().Name} is no structure of tensors; use tensors, arrays, lists, dictionaries, tuples or records.");
        }

        return record.Constructor.Invoke([.. record.Parts.Select(part => Replace(part.GetValue(tree), f))]);
    }

    /// <summary>Tuples of more than seven parts nest: the eighth part is a tuple of the rest.</summary>
    private static object NewTuple(Type type, object?[] parts)
    {
        var own = parts.Length <= 7 ? parts : [.. parts[..7], NewTuple(type.GetGenericArguments()[7], parts[7..])];
        return Activator.CreateInstance(type, own)!;
    }

    /// <summary>A record is a type with a constructor whose parameters are named as its properties are.</summary>
    private static (ConstructorInfo, PropertyInfo[])? AsRecord(Type type)
    {
        foreach (var constructor in type.GetConstructors().OrderByDescending(c => c.GetParameters().Length))
        {
            var parameters = constructor.GetParameters();
            var properties = parameters
                .Select(parameter => type.GetProperty(
                    parameter.Name!, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase))
                .OfType<PropertyInfo>()
                .ToArray();
            if (properties.Length > 0
                && parameters.Select(parameter => parameter.ParameterType).SequenceEqual(properties.Select(property => property.PropertyType)))
            {
                return (constructor, properties);
            }
        }

        return null;
    }
}
