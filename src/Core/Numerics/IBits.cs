namespace Gpu.Autograd.Numerics;

/// <summary>
/// The few operations on the bits of a float that the elementary functions are written over, so that each function is written once for
/// scalars and SIMD lanes, for float32 and float64, for CPU and GPU.
/// </summary>
public interface IBits<T> : IReal<T>
    where T : IBits<T>
{
    /// <summary>True for float64. It is a constant to the compiler, so that a test on it costs nothing.</summary>
    static abstract bool IsDouble { get; }

    /// <summary>
    /// True where <see cref="MulAdd"/> is known to be fused, so that a formula may rely on it; a constant to the compiler, too.
    /// </summary>
    static abstract bool IsFused { get; }

    /// <summary>a·b + c, fused (rounded once) where that is free on the machine, else rounded twice.</summary>
    static abstract T MulAdd(T a, T b, T c);

    /// <summary>x rounded to the nearest integer, by adding and subtracting a magic number: |x| below 2²² (float32) or 2⁵¹ (float64).</summary>
    static abstract T RoundToInteger(T x);

    /// <summary>x·2ⁿ for an integral n such that 2ⁿ is a normal number.</summary>
    static abstract T Scale(T x, T n);

    /// <summary>x·2ⁿ for any integral n of moderate size: 0, subnormal or ∞ where that is the result.</summary>
    static abstract T ScaleFar(T x, T n);

    /// <summary>The e of x = m·2ᵉ with m in [√½, √2), for positive, normal, finite x.</summary>
    static abstract T Exponent(T x);

    /// <summary>The m of x = m·2ᵉ with m in [√½, √2), for positive, normal, finite x.</summary>
    static abstract T Mantissa(T x);

    /// <summary>The magnitude of the first with the sign bit of the second.</summary>
    static abstract T CopySign(T magnitude, T sign);

    /// <summary>
    /// The leading 12 bits (float32) or 26 bits (float64) of x, so that products of such numbers are exact, fused or not.
    /// </summary>
    static abstract T High(T x);

    /// <summary>
    /// <paramref name="x"/> where the integer n is odd, else <paramref name="y"/>: |n| below 2²² (float32) or 2⁵¹ (float64).
    /// </summary>
    static abstract T IfOdd(T n, T x, T y);

    /// <summary>−x where ⌊n/2⌋ is odd, for an integer n as above, else x.</summary>
    static abstract T TurnHalf(T x, T n);

    /// <summary>
    /// Whether a is less than b in any lane: what a rare path is entered by. It is taken by all lanes then, and they pick what they need.
    /// </summary>
    static abstract bool AnyLess(T a, T b);

    /// <summary>
    /// Whether every lane is known to be positive, normal and finite, so that what is to be done for other numbers may be left out. Scalars
    /// do not ask, as a select is less than a branch to a GPU: it is the constant false.
    /// </summary>
    static abstract bool AreNormal(T x);

    /// <summary>
    /// |x|·2/π less a multiple of 4, as an integer and a fraction in two parts, the first with few bits, for |x| from 10⁵ (float32) or 10⁹
    /// (float64) on; what is not finite gives anything. For lanes it is a call, which keeps it out of the loops.
    /// </summary>
    static abstract (T Quarters, T High, T Low) FarQuarters(T x);

    /// <summary><see cref="Elementary.FmodInSteps"/>; for lanes it is a call.</summary>
    static abstract T FarFmod(T a, T b);
}
