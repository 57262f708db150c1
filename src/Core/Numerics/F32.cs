using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// One float32: the element type of a GPU kernel, and the tail of a SIMD loop. It has the layout of a <see cref="float"/>.
/// </summary>
public readonly struct F32(float value) : IBits<F32>
{
    /// <summary>The number.</summary>
    public readonly float Value = value;

    public static F32 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0f);
    }

    public static F32 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1f);
    }

    public static bool IsDouble
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    // The compilers of kernels may fuse, or not.
    public static bool IsFused
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a, F32 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator /(F32 a, F32 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Const(double literal) => new((float)literal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Param(Number field) => new(field.Float32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 IfLess(F32 a, F32 b, F32 x, F32 y) => new(a.Value < b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Abs(F32 x) => new(MathF.Abs(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Sqrt(F32 x) => new(MathF.Sqrt(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Exp(F32 x) => Elementary.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Expm1(F32 x) => Elementary.Expm1(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log(F32 x) => Elementary.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log1p(F32 x) => Elementary.Log1p(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Sin(F32 x) => Elementary.Sin(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Cos(F32 x) => Elementary.Cos(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Tanh(F32 x) => Elementary.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Map<TOp>(TOp op, F32 x)
        where TOp : struct, IUnary => op.Value(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Call<TFunction>(TFunction f, F32 x)
        where TFunction : struct, IFunction => f.Compute(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Call<TFunction>(TFunction f, F32 a, F32 b)
        where TFunction : struct, IFunction2 => f.Compute(a, b);

    // Not MathF.FusedMultiplyAdd, which links to nothing on CUDA; there the driver's assembler contracts this to one instruction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 MulAdd(F32 a, F32 b, F32 c) => new(a.Value * b.Value + c.Value);

    // Adding 1.5·2²³ leaves no bits for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 RoundToInteger(F32 x) => new(x.Value + 12582912f - 12582912f);

    // The low bits of 1.5·2²³ + 127 + n hold the biased exponent of 2ⁿ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Scale(F32 x, F32 n) =>
        new(x.Value * BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(n.Value + 12583039f) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 ScaleFar(F32 x, F32 n) => Elementary.ScaleInSteps(x, n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Exponent(F32 x) => new(Distance(x) >> 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Mantissa(F32 x) =>
        new(BitConverter.Int32BitsToSingle((Distance(x) & 0x007FFFFF) + 0x3F3504F3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 CopySign(F32 magnitude, F32 sign) =>
        new(BitConverter.Int32BitsToSingle(
            (BitConverter.SingleToInt32Bits(magnitude.Value) & int.MaxValue)
            | (BitConverter.SingleToInt32Bits(sign.Value) & int.MinValue)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 High(F32 x) =>
        new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x.Value) & ~0xFFF));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 IfOdd(F32 n, F32 x, F32 y) => new((Integer(n) & 1) != 0 ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 TurnHalf(F32 x, F32 n) =>
        new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x.Value) ^ ((Integer(n) << 30) & int.MinValue)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyLess(F32 a, F32 b) => a.Value < b.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(F32 x) => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (F32 Quarters, F32 High, F32 Low) FarQuarters(F32 x)
    {
        (float quarters, float high, float low) = TwoOverPi.Times(x.Value);
        return (new(quarters), new(high), new(low));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 FarFmod(F32 a, F32 b) => Elementary.FmodInSteps(a, b);

    // The low bits of 1.5·2²³ + n are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Integer(F32 n) => BitConverter.SingleToInt32Bits(n.Value + 12582912f);

    // The distance of the bits from those of √½: above the mantissa stands the exponent, below it what the mantissa exceeds √½ by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Distance(F32 x) => BitConverter.SingleToInt32Bits(x.Value) - 0x3F3504F3;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
