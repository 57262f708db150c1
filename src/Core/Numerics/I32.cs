using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// One int32, with the wrapping arithmetic of the machine; a quotient is truncated, and 0 where the divisor is. Only the ops that are
/// marked <see cref="IWhole"/> are evaluated on it: they need no more than sums, products, quotients and comparisons.
/// </summary>
public readonly struct I32(int value) : IRegister<I32, int>
{
    /// <summary>The number.</summary>
    public readonly int Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static I32 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0);
    }

    public static I32 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 Load(ref readonly int source) => new(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref int destination) => destination = Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 operator +(I32 a, I32 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 operator -(I32 a, I32 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 operator *(I32 a, I32 b) => new(a.Value * b.Value);

    // What a machine makes of a division by 0, or of the least number by −1, is not the same everywhere; so none is ever made.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 operator /(I32 a, I32 b)
    {
        int divisor = b.Value is 0 or -1 ? 1 : b.Value;
        int quotient = a.Value / divisor;
        return new(b.Value == 0 ? 0 : b.Value == -1 ? -a.Value : quotient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 operator -(I32 a) => new(-a.Value);

    // Beyond the range the nearest number, so that ±∞ are the greatest and the least.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 Const(double literal) =>
        new(literal >= 2147483647.0 ? int.MaxValue : literal <= -2147483648.0 ? int.MinValue : (int)literal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 Param(Number field) => new(field.Int32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 IfLess(I32 a, I32 b, I32 x, I32 y) => new(a.Value < b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 Abs(I32 x) => x.Value < 0 ? new(-x.Value) : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static I32 Map<TOp>(TOp op, I32 x)
        where TOp : struct, IUnary => op.Value(x);

    public static I32 Sqrt(I32 x) => throw Undefined();

    public static I32 Exp(I32 x) => throw Undefined();

    public static I32 Expm1(I32 x) => throw Undefined();

    public static I32 Log(I32 x) => throw Undefined();

    public static I32 Log1p(I32 x) => throw Undefined();

    public static I32 Sin(I32 x) => throw Undefined();

    public static I32 Cos(I32 x) => throw Undefined();

    public static I32 Tanh(I32 x) => throw Undefined();


    public static I32 Call<TFunction>(TFunction f, I32 x)
        where TFunction : struct, IFunction => throw Undefined();

    public static I32 Call<TFunction>(TFunction f, I32 a, I32 b)
        where TFunction : struct, IFunction2 => throw Undefined();

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private static NotSupportedException Undefined() => new("An elementary function is not defined on integers.");
}
