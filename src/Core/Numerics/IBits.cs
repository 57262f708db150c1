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
}
