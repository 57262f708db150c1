using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// 256 bits of float32 or float64 in one register (<typeparamref name="E"/> is <see cref="float"/> or <see cref="double"/>).
/// </summary>
public readonly struct Lane256<E>(Vector256<E> value) : ILane<Lane256<E>, E>
    where E : unmanaged
{
    /// <summary>The register.</summary>
    public readonly Vector256<E> Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256<E>.Count;
    }

    public static bool IsAccelerated
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.IsHardwareAccelerated;
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

    public static Lane256<E> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => default;
    }

    public static Lane256<E> One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Const(1);
    }

    public E this[int index] => Value[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Load(ref readonly E source) => new(Vector256.LoadUnsafe(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Broadcast(E value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref E destination) => Value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> operator +(Lane256<E> a, Lane256<E> b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> operator -(Lane256<E> a, Lane256<E> b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> operator *(Lane256<E> a, Lane256<E> b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> operator /(Lane256<E> a, Lane256<E> b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> operator -(Lane256<E> a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Const(double literal) =>
        new(typeof(E) == typeof(double) ? Vector256.Create(literal).As<double, E>() : Vector256.Create((float)literal).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Param(Number field) =>
        new(typeof(E) == typeof(double) ? Vector256.Create(field.Float64).As<double, E>() : Vector256.Create(field.Float32).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> IfLess(Lane256<E> a, Lane256<E> b, Lane256<E> x, Lane256<E> y) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a.Value, b.Value), x.Value, y.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Abs(Lane256<E> x) => new(Vector256.Abs(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Sqrt(Lane256<E> x) => new(Vector256.Sqrt(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Exp(Lane256<E> x) => Elementary.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Expm1(Lane256<E> x) => Elementary.Expm1(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Log(Lane256<E> x) => Elementary.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Log1p(Lane256<E> x) => Elementary.Log1p(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Sin(Lane256<E> x) => Elementary.Sin(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Cos(Lane256<E> x) => Elementary.Cos(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Tanh(Lane256<E> x) => Elementary.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Map<TOp>(TOp op, Lane256<E> x)
        where TOp : struct, IUnary => op.Value(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Call<TFunction>(TFunction f, Lane256<E> x)
        where TFunction : struct, IFunction => f.Compute(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Call<TFunction>(TFunction f, Lane256<E> a, Lane256<E> b)
        where TFunction : struct, IFunction2 => f.Compute(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> MulAdd(Lane256<E> a, Lane256<E> b, Lane256<E> c) =>
        new(typeof(E) == typeof(double)
            ? Vector256.MultiplyAddEstimate(a.Value.AsDouble(), b.Value.AsDouble(), c.Value.AsDouble()).As<double, E>()
            : Vector256.MultiplyAddEstimate(a.Value.AsSingle(), b.Value.AsSingle(), c.Value.AsSingle()).As<float, E>());

    // Adding 1.5·2²³ (1.5·2⁵²) leaves no bits for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> RoundToInteger(Lane256<E> x) =>
        x + Const(IsDouble ? 6755399441055744.0 : 12582912.0) - Const(IsDouble ? 6755399441055744.0 : 12582912.0);

    // The low bits of 1.5·2²³ + 127 + n (1.5·2⁵² + 1023 + n) hold the biased exponent of 2ⁿ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Scale(Lane256<E> x, Lane256<E> n) =>
        x * new Lane256<E>(typeof(E) == typeof(double)
            ? ((n.Value.AsDouble() + Vector256.Create(6755399441056767.0)).AsInt64() << 52).As<long, E>()
            : ((n.Value.AsSingle() + Vector256.Create(12583039f)).AsInt32() << 23).As<int, E>());

    // One instruction, where there is one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> ScaleFar(Lane256<E> x, Lane256<E> n) =>
        !Avx512F.VL.IsSupported ? Elementary.ScaleInSteps(x, n)
        : new(typeof(E) == typeof(double)
            ? Avx512F.VL.Scale(x.Value.AsDouble(), n.Value.AsDouble()).As<double, E>()
            : Avx512F.VL.Scale(x.Value.AsSingle(), n.Value.AsSingle()).As<float, E>());

    // For float64 the biased exponent becomes the low bits of a number near 2⁵²: few machines convert 64-bit integers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Exponent(Lane256<E> x) =>
        new(typeof(E) == typeof(double)
            ? (((Distance64(x) >>> 52) | Vector256.Create(0x4330000000000000)).AsDouble() - Vector256.Create(4503599627371519.0))
                .As<double, E>()
            : Vector256.ConvertToSingle(Distance32(x) >> 23).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> Mantissa(Lane256<E> x) =>
        new(typeof(E) == typeof(double)
            ? ((Distance64(x) & Vector256.Create(0x000FFFFFFFFFFFFF)) + Vector256.Create(0x3FE6A09E667F3BCC)).As<long, E>()
            : ((Distance32(x) & Vector256.Create(0x007FFFFF)) + Vector256.Create(0x3F3504F3)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> CopySign(Lane256<E> magnitude, Lane256<E> sign) =>
        new(Vector256.ConditionalSelect(
            typeof(E) == typeof(double) ? Vector256.Create(-0.0).As<double, E>() : Vector256.Create(-0f).As<float, E>(),
            sign.Value,
            magnitude.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> High(Lane256<E> x) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() & Vector256.Create(~0x7FFFFFFL)).As<long, E>()
            : (x.Value.AsInt32() & Vector256.Create(~0xFFF)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> IfOdd(Lane256<E> n, Lane256<E> x, Lane256<E> y) =>
        new(typeof(E) == typeof(double)
            ? Vector256.ConditionalSelect(Vector256.Equals(Integer64(n) & Vector256<long>.One, default).As<long, E>(), y.Value, x.Value)
            : Vector256.ConditionalSelect(Vector256.Equals(Integer32(n) & Vector256<int>.One, default).As<int, E>(), y.Value, x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane256<E> TurnHalf(Lane256<E> x, Lane256<E> n) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() ^ ((Integer64(n) << 62) & Vector256.Create(long.MinValue))).As<long, E>()
            : (x.Value.AsInt32() ^ ((Integer32(n) << 30) & Vector256.Create(int.MinValue))).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyLess(Lane256<E> a, Lane256<E> b) => Vector256.LessThanAny(a.Value, b.Value);

    // Counted from the smallest normal number on, without a sign, the bits of all others come last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(Lane256<E> x) =>
        typeof(E) == typeof(double)
            ? Vector256.LessThanAll(x.Value.AsUInt64() - Vector256.Create(0x0010000000000000UL), Vector256.Create(0x7FE0000000000000UL))
            : Vector256.LessThanAll(x.Value.AsUInt32() - Vector256.Create(0x00800000U), Vector256.Create(0x7F000000U));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (Lane256<E> Quarters, Lane256<E> High, Lane256<E> Low) FarQuarters(Lane256<E> x) => TwoOverPi.TimesEach<Lane256<E>, E>(x);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Lane256<E> FarFmod(Lane256<E> a, Lane256<E> b) => Elementary.FmodInSteps(a, b);

    // The low bits of 1.5·2²³ + n (1.5·2⁵² + n) are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Integer32(Lane256<E> n) => (n.Value.AsSingle() + Vector256.Create(12582912f)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Integer64(Lane256<E> n) => (n.Value.AsDouble() + Vector256.Create(6755399441055744.0)).AsInt64();

    // The distance of the bits from those of √½: above the mantissa stands the exponent, below it what the mantissa exceeds √½ by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Distance32(Lane256<E> x) => x.Value.AsInt32() - Vector256.Create(0x3F3504F3);

    // As above, with the exponent biased by 1023 so that it is never negative.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Distance64(Lane256<E> x) => x.Value.AsInt64() - Vector256.Create(0x3FE6A09E667F3BCC - (1023L << 52));
}
