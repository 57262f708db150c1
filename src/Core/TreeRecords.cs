using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// Records, and what is like them. A copy keeps all that a record has; its parts are the public properties and fields that can be set in it. A
/// class that is no record, or a struct in which nothing can be set, is made by a constructor whose parameters are named as its properties are.
/// </summary>
internal static class TreeRecords
{
    private const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;

    /// <summary>What takes such a structure apart; null for any other type.</summary>
    public static Func<object, TreeBranch?>? Opener(Type type)
    {
        var clone = type.GetMethod("<Clone>$");
        if (clone is null && type.IsAssignableTo(typeof(IEnumerable)))
        {
            // A collection that is not known: its elements are not among its properties.
            return null;
        }

        Part[] parts = [.. Parts(type)];
        if (clone is not null || (type.IsValueType && parts.Length > 0))
        {
            return tree => Branch(tree, parts, values =>
            {
                object copy = clone?.Invoke(tree, null) ?? RuntimeHelpers.GetObjectValue(tree)!;
                for (int k = 0; k < parts.Length; k++)
                {
                    parts[k].Set!(copy, values[k]);
                }

                return copy;
            });
        }

        if (Constructor(type) is not var (constructor, properties))
        {
            return null;
        }

        Part[] given = [.. properties.Select(property => new Part(property.Name, property.GetValue, null))];
        parts = [.. given, .. parts.Where(part => !Array.Exists(given, other => other.Name == part.Name))];
        return tree => Branch(tree, parts, values =>
        {
            object result = constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, values[..given.Length], null);
            for (int k = given.Length; k < parts.Length; k++)
            {
                parts[k].Set!(result, values[k]);
            }

            return result;
        });
    }

    private static TreeBranch Branch(object tree, Part[] parts, Func<object?[], object> rebuild) => new(
        [.. parts.Select(part => part.Get(tree))], [.. parts.Select(part => (object)new Member(part.Name))], rebuild);

    /// <summary>What can be set in a copy: what is public and is stored.</summary>
    private static IEnumerable<Part> Parts(Type type)
    {
        foreach (var property in type.GetProperties(Public).Where(property => property.CanRead && property.GetIndexParameters().Length == 0))
        {
            // One that is only read may still be stored: in the field that the compiler makes for it.
            var stored = property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);
            if (property.CanWrite)
            {
                yield return new Part(
                    property.Name,
                    property.GetValue,
                    (copy, value) => property.SetValue(copy, value, BindingFlags.DoNotWrapExceptions, null, null, null));
            }
            else if (stored is not null)
            {
                yield return new Part(property.Name, property.GetValue, stored.SetValue);
            }
        }

        foreach (var field in type.GetFields(Public))
        {
            yield return new Part(field.Name, field.GetValue, field.SetValue);
        }
    }

    private static (ConstructorInfo, PropertyInfo[])? Constructor(Type type)
    {
        foreach (var constructor in type.GetConstructors().OrderByDescending(c => c.GetParameters().Length))
        {
            var parameters = constructor.GetParameters();
            var properties = parameters
                .Select(parameter => type.GetProperty(parameter.Name!, Public | BindingFlags.IgnoreCase))
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

    private sealed record Part(string Name, Func<object, object?> Get, Action<object, object?>? Set);
}
