using System.Globalization;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// One truth value, 0 or 1, as a byte. Only the ops that are marked <see cref="ILogical"/> are evaluated on it: they
/// need no more than comparisons and choices.
/// </summary>
public readonly struct B8(byte value) : IRegister<B8, byte>
{
    /// <summary>The number.</summary>
    public readonly byte Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static B8 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0);
    }

    public static B8 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 Load(ref readonly byte source) => new(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref byte destination) => destination = Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 operator +(B8 a, B8 b) => new((byte)(a.Value + b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 operator -(B8 a, B8 b) => new((byte)(a.Value - b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 operator *(B8 a, B8 b) => new((byte)(a.Value * b.Value));

    public static B8 operator /(B8 a, B8 b) => throw Undefined();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 operator -(B8 a) => new((byte)(-a.Value));

    // Beyond the range the nearest of the two, so that ±∞ are the greatest and the least. No byte is above 127, where not all devices agree.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 Const(double literal) => new(literal >= 1 ? (byte)1 : (byte)0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 Param(Number field) => new(field.Int32 > 0 ? (byte)1 : (byte)0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 IfLess(B8 a, B8 b, B8 x, B8 y) => new(a.Value < b.Value ? x.Value : y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 Abs(B8 x) => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static B8 Map<TOp>(TOp op, B8 x)
        where TOp : struct, IUnary => op.Value(x);

    public static B8 Sqrt(B8 x) => throw Undefined();

    public static B8 Exp(B8 x) => throw Undefined();

    public static B8 Expm1(B8 x) => throw Undefined();

    public static B8 Log(B8 x) => throw Undefined();

    public static B8 Log1p(B8 x) => throw Undefined();

    public static B8 Sin(B8 x) => throw Undefined();

    public static B8 Cos(B8 x) => throw Undefined();

    public static B8 Tanh(B8 x) => throw Undefined();


    public static B8 Call<TFunction>(TFunction f, B8 x)
        where TFunction : struct, IFunction => throw Undefined();

    public static B8 Call<TFunction>(TFunction f, B8 a, B8 b)
        where TFunction : struct, IFunction2 => throw Undefined();

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private static NotSupportedException Undefined() => new("An elementary function is not defined on truth values.");
}
