using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Kernels;

/// <summary>
/// Where the kernels of a captured step hold the memory of its arguments. A kernel's fields are all that it knows, so whatever memory it
/// reads is one of them, or within one: found by its type and by what it is, whichever kernel that is.
/// </summary>
internal sealed class Bindings<M>(Backend backend, Storage[] arguments, Bindings<M>.Test isOf)
    where M : struct, IMemory
{
    private readonly List<(long Offset, Action<M> Set)>[] places = Array.ConvertAll(arguments, _ => new List<(long, Action<M>)>());

    /// <summary>Whether memory is that of a storage, and from which byte on.</summary>
    internal delegate bool Test(Storage storage, M memory, out long offset);

    private delegate ref M Place<K>(ref K kernel);

    /// <summary>A kernel that is launched again and again, with what it then holds.</summary>
    internal void Add<K>(StrongBox<K> kernel)
        where K : struct
    {
        if (arguments.Length == 0)
        {
            return;
        }

        foreach (var path in MemoryOf<K>.Paths)
        {
            var memory = (M)path.Aggregate((object)kernel.Value, (of, field) => field.GetValue(of)!);
            for (int k = 0; k < arguments.Length; k++)
            {
                if (arguments[k].Backend == backend && isOf(arguments[k], memory, out long offset))
                {
                    var place = PlaceOf<K>(path);
                    places[k].Add((offset, other => place(ref kernel.Value) = other));
                }
            }
        }
    }

    /// <summary>Gives the kernels other memory for an argument: of each of its bytes.</summary>
    internal void Bind(int argument, Func<long, M> memory)
    {
        foreach (var (offset, set) in places[argument])
        {
            set(memory(offset));
        }
    }

    /// <summary>The field at the end of a path, as a place that can be written: kernels' fields are read-only to all others.</summary>
    private static Place<K> PlaceOf<K>(FieldInfo[] path)
    {
        var method = new DynamicMethod("Place", typeof(M).MakeByRefType(), [typeof(K).MakeByRefType()], typeof(Bindings<M>).Module, skipVisibility: true);
        var code = method.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        foreach (var field in path)
        {
            code.Emit(OpCodes.Ldflda, field);
        }

        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Place<K>>();
    }

    /// <summary>The ways to all memory within a type.</summary>
    private static class MemoryOf<K>
    {
        internal static readonly FieldInfo[][] Paths = [.. Of(typeof(K))];

        private static IEnumerable<FieldInfo[]> Of(Type type) =>
            from field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            from path in field.FieldType == typeof(M) ? [[]]
                : field.FieldType.IsValueType && !field.FieldType.IsPrimitive && !field.FieldType.IsEnum ? Of(field.FieldType) : []
            select new[] { field }.Concat(path).ToArray();
    }
}
