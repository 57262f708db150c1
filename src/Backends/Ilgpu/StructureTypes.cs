using System.Reflection;
using ILGPU;
using ILGPU.IR.Types;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Mends how ILGPU's compiler compares structures. It takes two for one type where all their fields, written out, are the same at the same
/// offsets: memory and four numbers, say, be it (memory, 1) and 3 or (memory) and 4. But it goes by how a structure is put together when it takes
/// a part out of it, and when it lays it out anew because views have become pointers. So a context's first such structure decided how all later
/// ones were read, and what came out depended on the kernels compiled before: an exception, or code that drivers refuse.
/// </summary>
internal static class StructureTypes
{
    /// <summary>Has a context, before anything is compiled in it, tell structures apart by what they are put together of.</summary>
    internal static Context WithStructuresByParts(this Context context)
    {
        // Nobody outside of ILGPU can say what is one type. A later version may have no such members: then it stays as it was made.
        const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;
        if (typeof(Context).GetProperty("TypeContext", Hidden)?.GetValue(context) is IRTypeContext types &&
            typeof(IRTypeContext).GetField("unifiedTypes", Hidden) is { } field &&
            field.GetValue(types) is Dictionary<TypeNode, TypeNode> known)
        {
            field.SetValue(types, new Dictionary<TypeNode, TypeNode>(known, new ByParts()));
        }

        return context;
    }

    private sealed class ByParts : IEqualityComparer<TypeNode>
    {
        public bool Equals(TypeNode? one, TypeNode? other) =>
            object.Equals(one, other) && (one is not StructureType a || other is not StructureType b || Parts(a).SequenceEqual(Parts(b), this));

        public int GetHashCode(TypeNode type) => type.GetHashCode();

        // What holds one structure and nothing else is that structure.
        private static IEnumerable<TypeNode> Parts(StructureType type) =>
            type.DirectFields is [StructureType whole] ? Parts(whole) : type.DirectFields;
    }
}
