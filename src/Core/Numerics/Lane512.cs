using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// 512 bits of float32 or float64 in one register (<typeparamref name="E"/> is <see cref="float"/> or <see cref="double"/>).
/// </summary>
public readonly struct Lane512<E>(Vector512<E> value) : ILane<Lane512<E>, E>
    where E : unmanaged
{
    /// <summary>The register.</summary>
    public readonly Vector512<E> Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<E>.Count;
    }

    public static bool IsAccelerated
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated;
    }

    public static bool IsDouble
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(E) == typeof(double);
    }

    public static bool IsFused
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fma.IsSupported || Avx512F.IsSupported || AdvSimd.Arm64.IsSupported;
    }

    public static Lane512<E> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => default;
    }

    public static Lane512<E> One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Const(1);
    }

    public E this[int index] => Value[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Load(ref readonly E source) => new(Vector512.LoadUnsafe(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Broadcast(E value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref E destination) => Value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> operator +(Lane512<E> a, Lane512<E> b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> operator -(Lane512<E> a, Lane512<E> b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> operator *(Lane512<E> a, Lane512<E> b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> operator /(Lane512<E> a, Lane512<E> b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> operator -(Lane512<E> a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Const(double literal) =>
        new(typeof(E) == typeof(double) ? Vector512.Create(literal).As<double, E>() : Vector512.Create((float)literal).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Param(Number field) =>
        new(typeof(E) == typeof(double) ? Vector512.Create(field.Float64).As<double, E>() : Vector512.Create(field.Float32).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> IfLess(Lane512<E> a, Lane512<E> b, Lane512<E> x, Lane512<E> y) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a.Value, b.Value), x.Value, y.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Abs(Lane512<E> x) => new(Vector512.Abs(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Sqrt(Lane512<E> x) => new(Vector512.Sqrt(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Exp(Lane512<E> x) => Elementary.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Expm1(Lane512<E> x) => Elementary.Expm1(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Log(Lane512<E> x) => Elementary.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Log1p(Lane512<E> x) => Elementary.Log1p(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Sin(Lane512<E> x) => Elementary.Sin(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Cos(Lane512<E> x) => Elementary.Cos(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Tanh(Lane512<E> x) => Elementary.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Map<TOp>(TOp op, Lane512<E> x)
        where TOp : struct, IUnary => op.Value(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Call<TFunction>(TFunction f, Lane512<E> x)
        where TFunction : struct, IFunction => f.Compute(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Call<TFunction>(TFunction f, Lane512<E> a, Lane512<E> b)
        where TFunction : struct, IFunction2 => f.Compute(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> MulAdd(Lane512<E> a, Lane512<E> b, Lane512<E> c) =>
        new(typeof(E) == typeof(double)
            ? Vector512.MultiplyAddEstimate(a.Value.AsDouble(), b.Value.AsDouble(), c.Value.AsDouble()).As<double, E>()
            : Vector512.MultiplyAddEstimate(a.Value.AsSingle(), b.Value.AsSingle(), c.Value.AsSingle()).As<float, E>());

    // Adding 1.5·2²³ (1.5·2⁵²) leaves no bits for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> RoundToInteger(Lane512<E> x) =>
        x + Const(IsDouble ? 6755399441055744.0 : 12582912.0) - Const(IsDouble ? 6755399441055744.0 : 12582912.0);

    // The low bits of 1.5·2²³ + 127 + n (1.5·2⁵² + 1023 + n) hold the biased exponent of 2ⁿ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Scale(Lane512<E> x, Lane512<E> n) =>
        x * new Lane512<E>(typeof(E) == typeof(double)
            ? ((n.Value.AsDouble() + Vector512.Create(6755399441056767.0)).AsInt64() << 52).As<long, E>()
            : ((n.Value.AsSingle() + Vector512.Create(12583039f)).AsInt32() << 23).As<int, E>());

    // One instruction, where there is one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> ScaleFar(Lane512<E> x, Lane512<E> n) =>
        !Avx512F.IsSupported ? Elementary.ScaleInSteps(x, n)
        : new(typeof(E) == typeof(double)
            ? Avx512F.Scale(x.Value.AsDouble(), n.Value.AsDouble()).As<double, E>()
            : Avx512F.Scale(x.Value.AsSingle(), n.Value.AsSingle()).As<float, E>());

    // For float64 the biased exponent becomes the low bits of a number near 2⁵²: few machines convert 64-bit integers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Exponent(Lane512<E> x) =>
        new(typeof(E) == typeof(double)
            ? (((Distance64(x) >>> 52) | Vector512.Create(0x4330000000000000)).AsDouble() - Vector512.Create(4503599627371519.0))
                .As<double, E>()
            : Vector512.ConvertToSingle(Distance32(x) >> 23).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> Mantissa(Lane512<E> x) =>
        new(typeof(E) == typeof(double)
            ? ((Distance64(x) & Vector512.Create(0x000FFFFFFFFFFFFF)) + Vector512.Create(0x3FE6A09E667F3BCC)).As<long, E>()
            : ((Distance32(x) & Vector512.Create(0x007FFFFF)) + Vector512.Create(0x3F3504F3)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> CopySign(Lane512<E> magnitude, Lane512<E> sign) =>
        new(Vector512.ConditionalSelect(
            typeof(E) == typeof(double) ? Vector512.Create(-0.0).As<double, E>() : Vector512.Create(-0f).As<float, E>(),
            sign.Value,
            magnitude.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> High(Lane512<E> x) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() & Vector512.Create(~0x7FFFFFFL)).As<long, E>()
            : (x.Value.AsInt32() & Vector512.Create(~0xFFF)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> IfOdd(Lane512<E> n, Lane512<E> x, Lane512<E> y) =>
        new(typeof(E) == typeof(double)
            ? Vector512.ConditionalSelect(Vector512.Equals(Integer64(n) & Vector512<long>.One, default).As<long, E>(), y.Value, x.Value)
            : Vector512.ConditionalSelect(Vector512.Equals(Integer32(n) & Vector512<int>.One, default).As<int, E>(), y.Value, x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane512<E> TurnHalf(Lane512<E> x, Lane512<E> n) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() ^ ((Integer64(n) << 62) & Vector512.Create(long.MinValue))).As<long, E>()
            : (x.Value.AsInt32() ^ ((Integer32(n) << 30) & Vector512.Create(int.MinValue))).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyLess(Lane512<E> a, Lane512<E> b) => Vector512.LessThanAny(a.Value, b.Value);

    // Counted from the smallest normal number on, without a sign, the bits of all others come last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(Lane512<E> x) =>
        typeof(E) == typeof(double)
            ? Vector512.LessThanAll(x.Value.AsUInt64() - Vector512.Create(0x0010000000000000UL), Vector512.Create(0x7FE0000000000000UL))
            : Vector512.LessThanAll(x.Value.AsUInt32() - Vector512.Create(0x00800000U), Vector512.Create(0x7F000000U));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (Lane512<E> Quarters, Lane512<E> High, Lane512<E> Low) FarQuarters(Lane512<E> x) => TwoOverPi.TimesEach<Lane512<E>, E>(x);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Lane512<E> FarFmod(Lane512<E> a, Lane512<E> b) => Elementary.FmodInSteps(a, b);

    // The low bits of 1.5·2²³ + n (1.5·2⁵² + n) are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Integer32(Lane512<E> n) => (n.Value.AsSingle() + Vector512.Create(12582912f)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Integer64(Lane512<E> n) => (n.Value.AsDouble() + Vector512.Create(6755399441055744.0)).AsInt64();

    // The distance of the bits from those of √½: above the mantissa stands the exponent, below it what the mantissa exceeds √½ by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Distance32(Lane512<E> x) => x.Value.AsInt32() - Vector512.Create(0x3F3504F3);

    // As above, with the exponent biased by 1023 so that it is never negative.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Distance64(Lane512<E> x) => x.Value.AsInt64() - Vector512.Create(0x3FE6A09E667F3BCC - (1023L << 52));
}
