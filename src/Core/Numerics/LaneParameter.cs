using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Numerics;

/// <summary>How lanes of float32 read the field of an op.</summary>
internal static class LaneParameter
{
    /// <summary>
    /// The nearest float32. The conversion of one number keeps the rest of its register on x86, so that each turn of a loop would wait for what
    /// the last one left there; that of a vector does not.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Single(double field) =>
        Sse2.IsSupported ? Sse2.ConvertToVector128Single(Vector128.Create(field)).ToScalar() : (float)field;
}
