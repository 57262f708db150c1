using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

/// <summary>What kernels do with an element type beyond arithmetic: converting, comparing, and saying that there is no element.</summary>
public interface IElement<T>
    where T : unmanaged
{
    /// <summary>What stands for an element that is not there: NaN, or 0 where there is none.</summary>
    static abstract T Missing { get; }

    /// <summary>a &lt; b; false where either is NaN.</summary>
    static abstract bool Less(T a, T b);

    /// <summary>Whether x is NaN.</summary>
    static abstract bool IsNaN(T x);

    /// <summary>The nearest element. Integers truncate, take the end of their range beyond it, and 0 for NaN; a bool is x ≠ 0.</summary>
    static abstract T Of(float x);

    /// <summary>The nearest element, as for float.</summary>
    static abstract T Of(double x);

    /// <summary>The element of an integer; an int32 keeps the low bits.</summary>
    static abstract T Of(long x);

    /// <summary>x as another element type.</summary>
    static abstract TTo To<TTo, ETo>(T x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo>;
}

/// <summary>What is done with the element type of a dtype, once it is a type.</summary>
public interface IElementAction
{
    /// <summary>The action, for elements of T.</summary>
    void Run<T, E>()
        where T : unmanaged
        where E : struct, IElement<T>;
}

/// <summary>From dtypes to element types.</summary>
public static class Elements
{
    /// <summary>Runs an action for a dtype's element type.</summary>
    public static void With<TAction>(DType dtype, TAction action)
        where TAction : struct, IElementAction
    {
        switch (dtype)
        {
            case DType.Float32: action.Run<F32, Float32>(); break;
            case DType.Float64: action.Run<F64, Float64>(); break;
            case DType.Int32: action.Run<int, Int32>(); break;
            case DType.Int64: action.Run<long, Int64>(); break;
            default: action.Run<byte, Bool>(); break;
        }
    }
}

/// <summary>float32.</summary>
public readonly struct Float32 : IElement<F32>
{
    /// <inheritdoc/>
    public static F32 Missing => new(float.NaN);

    /// <inheritdoc/>
    public static bool Less(F32 a, F32 b) => a.Value < b.Value;

    /// <inheritdoc/>
    public static bool IsNaN(F32 x) => (BitConverter.SingleToInt32Bits(x.Value) & int.MaxValue) > 0x7F800000;

    /// <inheritdoc/>
    public static F32 Of(float x) => new(x);

    /// <inheritdoc/>
    public static F32 Of(double x) => new((float)x);

    /// <inheritdoc/>
    public static F32 Of(long x) => new(x);

    /// <inheritdoc/>
    public static TTo To<TTo, ETo>(F32 x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo> => ETo.Of(x.Value);
}

/// <summary>float64.</summary>
public readonly struct Float64 : IElement<F64>
{
    /// <inheritdoc/>
    public static F64 Missing => new(double.NaN);

    /// <inheritdoc/>
    public static bool Less(F64 a, F64 b) => a.Value < b.Value;

    /// <inheritdoc/>
    public static bool IsNaN(F64 x) => (BitConverter.DoubleToInt64Bits(x.Value) & long.MaxValue) > 0x7FF0000000000000;

    /// <inheritdoc/>
    public static F64 Of(float x) => new(x);

    /// <inheritdoc/>
    public static F64 Of(double x) => new(x);

    /// <inheritdoc/>
    public static F64 Of(long x) => new(x);

    /// <inheritdoc/>
    public static TTo To<TTo, ETo>(F64 x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo> => ETo.Of(x.Value);
}

/// <summary>int32.</summary>
public readonly struct Int32 : IElement<int>
{
    /// <inheritdoc/>
    public static int Missing => 0;

    /// <inheritdoc/>
    public static bool Less(int a, int b) => a < b;

    /// <inheritdoc/>
    public static bool IsNaN(int x) => false;

    // No cast is left to the device's own idea of what is out of range.

    /// <inheritdoc/>
    public static int Of(float x) => x >= 2147483648f ? int.MaxValue : x < -2147483648f ? int.MinValue : Float32.IsNaN(new(x)) ? 0 : (int)x;

    /// <inheritdoc/>
    public static int Of(double x) => x >= 2147483648.0 ? int.MaxValue : x <= -2147483649.0 ? int.MinValue : Float64.IsNaN(new(x)) ? 0 : (int)x;

    /// <inheritdoc/>
    public static int Of(long x) => (int)x;

    /// <inheritdoc/>
    public static TTo To<TTo, ETo>(int x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo> => ETo.Of((long)x);
}

/// <summary>int64.</summary>
public readonly struct Int64 : IElement<long>
{
    /// <inheritdoc/>
    public static long Missing => 0;

    /// <inheritdoc/>
    public static bool Less(long a, long b) => a < b;

    /// <inheritdoc/>
    public static bool IsNaN(long x) => false;

    /// <inheritdoc/>
    public static long Of(float x) =>
        x >= 9223372036854775808f ? long.MaxValue : x < -9223372036854775808f ? long.MinValue : Float32.IsNaN(new(x)) ? 0 : (long)x;

    /// <inheritdoc/>
    public static long Of(double x) =>
        x >= 9223372036854775808.0 ? long.MaxValue : x < -9223372036854775808.0 ? long.MinValue : Float64.IsNaN(new(x)) ? 0 : (long)x;

    /// <inheritdoc/>
    public static long Of(long x) => x;

    /// <inheritdoc/>
    public static TTo To<TTo, ETo>(long x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo> => ETo.Of(x);
}

/// <summary>bool: a byte that is 0 or 1.</summary>
public readonly struct Bool : IElement<byte>
{
    /// <inheritdoc/>
    public static byte Missing => 0;

    /// <inheritdoc/>
    public static bool Less(byte a, byte b) => a < b;

    /// <inheritdoc/>
    public static bool IsNaN(byte x) => false;

    /// <inheritdoc/>
    public static byte Of(float x) => x == 0f ? (byte)0 : (byte)1;

    /// <inheritdoc/>
    public static byte Of(double x) => x == 0.0 ? (byte)0 : (byte)1;

    /// <inheritdoc/>
    public static byte Of(long x) => x == 0 ? (byte)0 : (byte)1;

    /// <inheritdoc/>
    public static TTo To<TTo, ETo>(byte x)
        where TTo : unmanaged
        where ETo : struct, IElement<TTo> => ETo.Of((long)x);
}
