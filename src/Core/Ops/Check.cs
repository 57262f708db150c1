namespace Gpu.Autograd.Ops;

/// <summary>The checks that ops have in common; shapes check themselves.</summary>
internal static class Check
{
    /// <summary>The elements must be real.</summary>
    public static void Real(Tensor x, string op)
    {
        if (!x.DType.IsReal())
        {
            throw new ArgumentException(
                $"{op}: the elements of {x.Shape} are {x.DType.Name()}, not float32 or float64; convert with To(DType) first.");
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
