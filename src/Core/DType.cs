namespace Gpu.Autograd;

/// <summary>The element type of a tensor. Only the two real types carry gradients; the others hold counts, indices, labels and masks.</summary>
public enum DType
{
    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    Float32,

    /// <summary>IEEE 754 double precision, 8 bytes.</summary>
    Float64,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Signed 64-bit integer: what indices and arg-reductions are made of.</summary>
    Int64,

    /// <summary>Truth value, 1 byte: 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.Float32 or DType.Int32 => 4,
        DType.Float64 or DType.Int64 => 8,
        _ => 1,
    };

    /// <summary>Whether the type is float32 or float64, so that it can carry gradients.</summary>
    public static bool IsReal(this DType dtype) => dtype is DType.Float32 or DType.Float64;

    /// <summary>The least and the greatest element: ±∞ for the real types.</summary>
    public static (double Least, double Greatest) Range(this DType dtype) => dtype switch
    {
        DType.Int32 => (int.MinValue, int.MaxValue),
        DType.Int64 => (long.MinValue, long.MaxValue),
        DType.Bool => (0, 1),
        _ => (double.NegativeInfinity, double.PositiveInfinity),
    };

    /// <summary>The name used in messages and files: float32, float64, int32, int64, bool.</summary>
    public static string Name(this DType dtype) => dtype switch
    {
        DType.Float32 => "float32",
        DType.Float64 => "float64",
        DType.Int32 => "int32",
        DType.Int64 => "int64",
        _ => "bool",
    };

    /// <summary>The element type that holds the C# type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">T is none of float, double, int, long, bool.</exception>
    public static DType Of<T>() => default(T) switch
    {
        float => DType.Float32,
        double => DType.Float64,
        int => DType.Int32,
        long => DType.Int64,
        bool => DType.Bool,
        _ => throw new NotSupportedException(
            $"A tensor holds float, double, int, long or bool; not {typeof(T).Name}."),
    };
}
