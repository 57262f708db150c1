using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// One thing for each operand of an op, or nothing. Up to three, which is almost always enough, stand in what holds them: a record of an op
/// is one object and not three, and a list on the stack costs nothing.
/// </summary>
internal struct Few<T>
    where T : class
{
    private T?[]? more;
    private int count;
    private Three some;

    /// <summary>The places.</summary>
    [UnscopedRef]
    public Span<T?> All => more ?? MemoryMarshal.CreateSpan(ref some.First, count);

    /// <summary>Makes so many places of none; all are empty.</summary>
    [UnscopedRef]
    public Span<T?> Make(int places)
    {
        count = places;
        more = places > Three.Length ? new T?[places] : null;
        return All;
    }

    [InlineArray(Length)]
    private struct Three
    {
        public const int Length = 3;

        public T? First;
    }
}
