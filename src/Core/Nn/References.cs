using System.Collections.Concurrent;
using System.Reflection;

namespace Gpu.Autograd.Nn;

/// <summary>Whether objects that a module holds, delegates above all, refer to its parts.</summary>
internal sealed class References
{
    /// <summary>What is looked through; beyond that the module does not hold a helper but data.</summary>
    private const int Most = 1000;

    private static readonly ConcurrentDictionary<Type, FieldInfo[]> FieldsOf = new();

    private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
    private readonly Func<object, bool> isPart;

    private References(Func<object, bool> isPart) => this.isPart = isPart;

    /// <summary>Whether a part can be reached from an object.</summary>
    public static bool From(object held, Func<object, bool> isPart) => new References(isPart).Reach(held);

    private bool Reach(object? held)
    {
        if (held is null or string or Type or MemberInfo or Assembly or Device or Generator or Shape or Thread)
        {
            return false;
        }

        if (isPart(held))
        {
            return true;
        }

        // A tensor or module that is no part is another one's.
        if (held is Tensor or Module || (!held.GetType().IsValueType && (seen.Count > Most || !seen.Add(held))))
        {
            return false;
        }

        if (held is Array array)
        {
            return !array.GetType().GetElementType()!.IsPrimitive && array.Cast<object?>().Any(Reach);
        }

        return FieldsOf.GetOrAdd(held.GetType(), Fields).Any(field => Reach(field.GetValue(held)));
    }

    private static FieldInfo[] Fields(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var owner = type; owner is not null; owner = owner.BaseType)
        {
            fields.AddRange(owner
                .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(field => field.FieldType is { IsPrimitive: false, IsEnum: false, IsPointer: false, IsByRefLike: false, IsFunctionPointer: false }));
        }

        return [.. fields];
    }
}
