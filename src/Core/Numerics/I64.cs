using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// One int64, with the wrapping arithmetic of the machine; a quotient is truncated, and 0 where the divisor is. Only the ops that are
/// marked <see cref="IWhole"/> are evaluated on it: they need no more than sums, products, quotients and comparisons.
/// </summary>
public readonly struct I64(long value) : IRegister<I64, long>
{
    /// <summary>The number.</summary>
    public readonly long Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static I64 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0);
    }

    public static I64 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 Load(ref readonly long source) => new(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref long destination) => destination = Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 operator +(I64 a, I64 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 operator -(I64 a, I64 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 operator *(I64 a, I64 b) => new(a.Value * b.Value);

    // What a machine makes of a division by 0, or of the least number by −1, is not the same everywhere; so none is ever made.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 operator /(I64 a, I64 b)
    {
        long divisor = b.Value is 0 or -1 ? 1 : b.Value;
        long quotient = a.Value / divisor;
        return new(b.Value == 0 ? 0 : b.Value == -1 ? -a.Value : quotient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 operator -(I64 a) => new(-a.Value);

    // Beyond the range the nearest number, so that ±∞ are the greatest and the least.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 Const(double literal) =>
        new(literal >= 9223372036854775807.0 ? long.MaxValue : literal <= -9223372036854775808.0 ? long.MinValue : (long)literal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 Param(Number field) => new(field.Int64);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 IfLess(I64 a, I64 b, I64 x, I64 y) => new(a.Value < b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 Abs(I64 x) => x.Value < 0 ? new(-x.Value) : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I64 Map<TOp>(TOp op, I64 x)
        where TOp : struct, IUnary => op.Value(x);

    public static I64 Sqrt(I64 x) => throw Undefined();

    public static I64 Exp(I64 x) => throw Undefined();

    public static I64 Expm1(I64 x) => throw Undefined();

    public static I64 Log(I64 x) => throw Undefined();

    public static I64 Log1p(I64 x) => throw Undefined();

    public static I64 Sin(I64 x) => throw Undefined();

    public static I64 Cos(I64 x) => throw Undefined();

    public static I64 Tanh(I64 x) => throw Undefined();


    public static I64 Call<TFunction>(TFunction f, I64 x)
        where TFunction : struct, IFunction => throw Undefined();

    public static I64 Call<TFunction>(TFunction f, I64 a, I64 b)
        where TFunction : struct, IFunction2 => throw Undefined();

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private static NotSupportedException Undefined() => new("An elementary function is not defined on integers.");
}
