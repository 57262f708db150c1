using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// 128 bits of float32 or float64 in one register (<typeparamref name="E"/> is <see cref="float"/> or <see cref="double"/>).
/// </summary>
public readonly struct Lane128<E>(Vector128<E> value) : ILane<Lane128<E>, E>
    where E : unmanaged
{
    /// <summary>The register.</summary>
    public readonly Vector128<E> Value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<E>.Count;
    }

    public static bool IsAccelerated
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated;
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

    public static Lane128<E> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => default;
    }

    public static Lane128<E> One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Const(1);
    }

    public E this[int index] => Value[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Load(ref readonly E source) => new(Vector128.LoadUnsafe(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Broadcast(E value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref E destination) => Value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> operator +(Lane128<E> a, Lane128<E> b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> operator -(Lane128<E> a, Lane128<E> b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> operator *(Lane128<E> a, Lane128<E> b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> operator /(Lane128<E> a, Lane128<E> b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> operator -(Lane128<E> a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Const(double literal) =>
        new(typeof(E) == typeof(double) ? Vector128.Create(literal).As<double, E>() : Vector128.Create((float)literal).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Param(Number field) =>
        new(typeof(E) == typeof(double) ? Vector128.Create(field.Float64).As<double, E>() : Vector128.Create(field.Float32).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> IfLess(Lane128<E> a, Lane128<E> b, Lane128<E> x, Lane128<E> y) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a.Value, b.Value), x.Value, y.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Abs(Lane128<E> x) => new(Vector128.Abs(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Sqrt(Lane128<E> x) => new(Vector128.Sqrt(x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Exp(Lane128<E> x) => Elementary.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Expm1(Lane128<E> x) => Elementary.Expm1(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Log(Lane128<E> x) => Elementary.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Log1p(Lane128<E> x) => Elementary.Log1p(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Sin(Lane128<E> x) => Elementary.Sin(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Cos(Lane128<E> x) => Elementary.Cos(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Tanh(Lane128<E> x) => Elementary.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Map<TOp>(TOp op, Lane128<E> x)
        where TOp : struct, IUnary => op.Value(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Call<TFunction>(TFunction f, Lane128<E> x)
        where TFunction : struct, IFunction => f.Compute(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Call<TFunction>(TFunction f, Lane128<E> a, Lane128<E> b)
        where TFunction : struct, IFunction2 => f.Compute(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> MulAdd(Lane128<E> a, Lane128<E> b, Lane128<E> c) =>
        new(typeof(E) == typeof(double)
            ? Vector128.MultiplyAddEstimate(a.Value.AsDouble(), b.Value.AsDouble(), c.Value.AsDouble()).As<double, E>()
            : Vector128.MultiplyAddEstimate(a.Value.AsSingle(), b.Value.AsSingle(), c.Value.AsSingle()).As<float, E>());

    // Adding 1.5·2²³ (1.5·2⁵²) leaves no bits for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> RoundToInteger(Lane128<E> x) =>
        x + Const(IsDouble ? 6755399441055744.0 : 12582912.0) - Const(IsDouble ? 6755399441055744.0 : 12582912.0);

    // The low bits of 1.5·2²³ + 127 + n (1.5·2⁵² + 1023 + n) hold the biased exponent of 2ⁿ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Scale(Lane128<E> x, Lane128<E> n) =>
        x * new Lane128<E>(typeof(E) == typeof(double)
            ? ((n.Value.AsDouble() + Vector128.Create(6755399441056767.0)).AsInt64() << 52).As<long, E>()
            : ((n.Value.AsSingle() + Vector128.Create(12583039f)).AsInt32() << 23).As<int, E>());

    // One instruction, where there is one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> ScaleFar(Lane128<E> x, Lane128<E> n) =>
        !Avx512F.VL.IsSupported ? Elementary.ScaleInSteps(x, n)
        : new(typeof(E) == typeof(double)
            ? Avx512F.VL.Scale(x.Value.AsDouble(), n.Value.AsDouble()).As<double, E>()
            : Avx512F.VL.Scale(x.Value.AsSingle(), n.Value.AsSingle()).As<float, E>());

    // For float64 the biased exponent becomes the low bits of a number near 2⁵²: few machines convert 64-bit integers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Exponent(Lane128<E> x) =>
        new(typeof(E) == typeof(double)
            ? (((Distance64(x) >>> 52) | Vector128.Create(0x4330000000000000)).AsDouble() - Vector128.Create(4503599627371519.0))
                .As<double, E>()
            : Vector128.ConvertToSingle(Distance32(x) >> 23).As<float, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> Mantissa(Lane128<E> x) =>
        new(typeof(E) == typeof(double)
            ? ((Distance64(x) & Vector128.Create(0x000FFFFFFFFFFFFF)) + Vector128.Create(0x3FE6A09E667F3BCC)).As<long, E>()
            : ((Distance32(x) & Vector128.Create(0x007FFFFF)) + Vector128.Create(0x3F3504F3)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> CopySign(Lane128<E> magnitude, Lane128<E> sign) =>
        new(Vector128.ConditionalSelect(
            typeof(E) == typeof(double) ? Vector128.Create(-0.0).As<double, E>() : Vector128.Create(-0f).As<float, E>(),
            sign.Value,
            magnitude.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> High(Lane128<E> x) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() & Vector128.Create(~0x7FFFFFFL)).As<long, E>()
            : (x.Value.AsInt32() & Vector128.Create(~0xFFF)).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> IfOdd(Lane128<E> n, Lane128<E> x, Lane128<E> y) =>
        new(typeof(E) == typeof(double)
            ? Vector128.ConditionalSelect(Vector128.Equals(Integer64(n) & Vector128<long>.One, default).As<long, E>(), y.Value, x.Value)
            : Vector128.ConditionalSelect(Vector128.Equals(Integer32(n) & Vector128<int>.One, default).As<int, E>(), y.Value, x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane128<E> TurnHalf(Lane128<E> x, Lane128<E> n) =>
        new(typeof(E) == typeof(double)
            ? (x.Value.AsInt64() ^ ((Integer64(n) << 62) & Vector128.Create(long.MinValue))).As<long, E>()
            : (x.Value.AsInt32() ^ ((Integer32(n) << 30) & Vector128.Create(int.MinValue))).As<int, E>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyLess(Lane128<E> a, Lane128<E> b) => Vector128.LessThanAny(a.Value, b.Value);

    // Counted from the smallest normal number on, without a sign, the bits of all others come last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(Lane128<E> x) =>
        typeof(E) == typeof(double)
            ? Vector128.LessThanAll(x.Value.AsUInt64() - Vector128.Create(0x0010000000000000UL), Vector128.Create(0x7FE0000000000000UL))
            : Vector128.LessThanAll(x.Value.AsUInt32() - Vector128.Create(0x00800000U), Vector128.Create(0x7F000000U));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (Lane128<E> Quarters, Lane128<E> High, Lane128<E> Low) FarQuarters(Lane128<E> x) => TwoOverPi.TimesEach<Lane128<E>, E>(x);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Lane128<E> FarFmod(Lane128<E> a, Lane128<E> b) => Elementary.FmodInSteps(a, b);

    // The low bits of 1.5·2²³ + n (1.5·2⁵² + n) are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Integer32(Lane128<E> n) => (n.Value.AsSingle() + Vector128.Create(12582912f)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> Integer64(Lane128<E> n) => (n.Value.AsDouble() + Vector128.Create(6755399441055744.0)).AsInt64();

    // The distance of the bits from those of √½: above the mantissa stands the exponent, below it what the mantissa exceeds √½ by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Distance32(Lane128<E> x) => x.Value.AsInt32() - Vector128.Create(0x3F3504F3);

    // As above, with the exponent biased by 1023 so that it is never negative.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> Distance64(Lane128<E> x) => x.Value.AsInt64() - Vector128.Create(0x3FE6A09E667F3BCC - (1023L << 52));
}
