namespace Gpu.Autograd.Ops;

/// <summary>The checks that ops have in common; shapes check themselves.</summary>
internal static class Check
{
    /// <summary>The elements must be real.</summary>
    public static void Real(Tensor x, string op) => Takes(x, [], op);

    /// <summary>The elements must be real, or of a dtype that the op is defined on beside these.</summary>
    public static void Takes(Tensor x, IReadOnlyList<DType> exact, string op)
    {
        if (!x.DType.IsReal() && !exact.Contains(x.DType))
        {
            string[] taken = ["float32", "float64", .. exact.Select(dtype => dtype.Name())];
            throw new ArgumentException(
                $"{op}: the elements of {x.Shape} are {x.DType.Name()}, not {string.Join(", ", taken[..^1])} or {taken[^1]}; " +
                "convert with To(DType) first.");
        }
    }

    /// <summary>The elements must be numbers: real or integers.</summary>
    public static void Number(Tensor x, string op) => Takes(x, [DType.Int32, DType.Int64], op);

    /// <summary>The elements must be truth values.</summary>
    public static void Bool(Tensor x, string op)
    {
        if (x.DType != DType.Bool)
        {
            throw new ArgumentException(
                $"{op}: the elements of {x.Shape} are {x.DType.Name()}, not bool; compare them, or convert with To(DType.Bool).");
        }
    }

    /// <summary>A plain number that meets elements of an integer dtype must be one of them.</summary>
    public static void Fits(double number, DType dtype, string op)
    {
        bool fits = dtype switch
        {
            DType.Int32 => double.IsInteger(number) && number is >= int.MinValue and <= int.MaxValue,
            DType.Int64 => double.IsInteger(number) && number is >= long.MinValue and <= long.MaxValue,
            DType.Bool => number is 0 or 1,
            _ => true,
        };
        if (!fits)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"{op}: {number} is no {dtype.Name()}; convert the tensor with To(DType) first."));
        }
    }

    /// <summary>Two operands must have one dtype and one device.</summary>
    public static void Alike(Tensor a, Tensor b, string op)
    {
        if (a.DType != b.DType)
        {
            throw new ArgumentException(
                $"{op}: dtypes differ: {a.DType.Name()} {a.Shape} and {b.DType.Name()} {b.Shape}; convert with To(DType).");
        }

        if (a.Device != b.Device)
        {
            throw new ArgumentException(
                $"{op}: devices differ: {a.Shape} is on {a.Device}, {b.Shape} on {b.Device}; move with To(Device).");
        }
    }

    /// <summary>An index must be int32 or int64 and on the device of what it indexes.</summary>
    public static void Index(Tensor x, Tensor index, string op)
    {
        if (index.DType is not (DType.Int32 or DType.Int64))
        {
            throw new ArgumentException($"{op}: the index {index.Shape} is {index.DType.Name()}, not int32 or int64.");
        }

        if (x.Device != index.Device)
        {
            throw new ArgumentException($"{op}: devices differ: {x.Shape} is on {x.Device}, the index on {index.Device}.");
        }
    }
}
