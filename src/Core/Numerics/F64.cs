using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>One float64: the element type of a GPU kernel, the tail of a SIMD loop, and the oracle of the tests. It has the layout of a
/// <see cref="double"/>.</summary>
public readonly struct F64(double value) : IBits<F64>
{
    /// <summary>The number.</summary>
    public readonly double Value = value;

    public static F64 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0d);
    }

    public static F64 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1d);
    }

    public static bool IsDouble
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    // The compilers of kernels may fuse, or not.
    public static bool IsFused
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 operator +(F64 a, F64 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 operator -(F64 a, F64 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 operator *(F64 a, F64 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 operator /(F64 a, F64 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 operator -(F64 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Const(double literal) => new(literal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Param(Number field) => new(field.Float64);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 IfLess(F64 a, F64 b, F64 x, F64 y) => new(a.Value < b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Abs(F64 x) => new(Math.Abs(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Sqrt(F64 x) => new(Math.Sqrt(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Exp(F64 x) => Elementary.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Expm1(F64 x) => Elementary.Expm1(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Log(F64 x) => Elementary.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Log1p(F64 x) => Elementary.Log1p(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Sin(F64 x) => Elementary.Sin(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Cos(F64 x) => Elementary.Cos(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Tanh(F64 x) => Elementary.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Map<TOp>(TOp op, F64 x)
        where TOp : struct, IUnary => op.Value(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Call<TFunction>(TFunction f, F64 x)
        where TFunction : struct, IFunction => f.Compute(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Call<TFunction>(TFunction f, F64 a, F64 b)
        where TFunction : struct, IFunction2 => f.Compute(a, b);

    // Not Math.FusedMultiplyAdd, which links to nothing on CUDA; there the driver's assembler contracts this to one instruction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 MulAdd(F64 a, F64 b, F64 c) => new(a.Value * b.Value + c.Value);

    // Adding 1.5·2⁵² leaves no bits for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 RoundToInteger(F64 x) => new(x.Value + 6755399441055744.0 - 6755399441055744.0);

    // The low bits of 1.5·2⁵² + 1023 + n hold the biased exponent of 2ⁿ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Scale(F64 x, F64 n) =>
        new(x.Value * BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(n.Value + 6755399441056767.0) << 52));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 ScaleFar(F64 x, F64 n) => Elementary.ScaleInSteps(x, n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Exponent(F64 x) => new(Distance(x) >> 52);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 Mantissa(F64 x) =>
        new(BitConverter.Int64BitsToDouble((Distance(x) & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCC));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 CopySign(F64 magnitude, F64 sign) =>
        new(BitConverter.Int64BitsToDouble(
            (BitConverter.DoubleToInt64Bits(magnitude.Value) & long.MaxValue)
            | (BitConverter.DoubleToInt64Bits(sign.Value) & long.MinValue)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 High(F64 x) =>
        new(BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(x.Value) & ~0x7FFFFFFL));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 IfOdd(F64 n, F64 x, F64 y) => new((Integer(n) & 1) != 0 ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 TurnHalf(F64 x, F64 n) =>
        new(BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(x.Value) ^ ((Integer(n) << 62) & long.MinValue)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyLess(F64 a, F64 b) => a.Value < b.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(F64 x) => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (F64 Quarters, F64 High, F64 Low) FarQuarters(F64 x)
    {
        (double quarters, double high, double low) = TwoOverPi.Times(x.Value);
        return (new(quarters), new(high), new(low));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F64 FarFmod(F64 a, F64 b) => Elementary.FmodInSteps(a, b);

    // The low bits of 1.5·2⁵² + n are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Integer(F64 n) => BitConverter.DoubleToInt64Bits(n.Value + 6755399441055744.0);

    // The distance of the bits from those of √½: above the mantissa stands the exponent, below it what the mantissa exceeds √½ by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Distance(F64 x) => BitConverter.DoubleToInt64Bits(x.Value) - 0x3FE6A09E667F3BCC;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
