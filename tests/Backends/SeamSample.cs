using System.Runtime.InteropServices;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>An operand whose content is known to the host: random, in a random layout, or given.</summary>
public sealed class SeamSample
{
    private readonly Backend backend;
    private readonly double[] memory;

    private SeamSample(Backend backend, DType dtype, Layout layout, double[] memory)
    {
        this.backend = backend;
        this.memory = [.. memory.Select(value => Rounded(value, dtype))];
        Operand = new Operand(new Storage(backend, (long)memory.Length * dtype.Size()), layout, dtype);
        backend.Upload(Bytes(this.memory, dtype), Operand.Storage);
    }

    /// <summary>What the back end gets.</summary>
    public Operand Operand { get; }

    /// <summary>The elements in row-major order, before anything was written.</summary>
    public double[] Values => Elements(memory, Operand.Layout);

    /// <summary>Random content in [−2, 2) (small integers for the integer types) in a layout.</summary>
    public static SeamSample Random(Backend backend, DType dtype, Layout layout, Random random) =>
        new(backend, dtype, layout, [.. Enumerable.Range(0, Extent(layout)).Select(_ => Draw(dtype, random))]);

    /// <summary>Random content, dense.</summary>
    public static SeamSample Random(Backend backend, DType dtype, Random random, params int[] shape) =>
        Random(backend, dtype, new Layout(new Shape(shape)), random);

    /// <summary>Given content, dense.</summary>
    public static SeamSample Of(Backend backend, DType dtype, Shape shape, params double[] values) =>
        new(backend, dtype, new Layout(shape), values);

    /// <summary>Given elements at the places of a layout, with random content between.</summary>
    public static SeamSample Of(Backend backend, DType dtype, Layout layout, double[] values, Random random)
    {
        double[] memory = [.. Enumerable.Range(0, Extent(layout)).Select(_ => Draw(dtype, random))];
        int[] places = Places(layout);
        for (int i = 0; i < places.Length; i++)
        {
            memory[places[i]] = values[i];
        }

        return new SeamSample(backend, dtype, layout, memory);
    }

    /// <summary>
    /// A random layout: axes in any order in memory, every other or every third element, backwards, from an offset, with gaps, and if
    /// allowed some axes repeated by a stride of 0, or overlapping others as windows do.
    /// </summary>
    public static Layout RandomLayout(Shape shape, Random random, bool mayRepeat = true)
    {
        if (random.Next(4) == 0)
        {
            return new Layout(shape);
        }

        var strides = new int[shape.Rank];
        int[] order = [.. Enumerable.Range(0, shape.Rank)];
        if (random.Next(2) == 0)
        {
            random.Shuffle(order);
        }

        bool dense = random.Next(2) == 0;
        int distance = 1;
        int offset = random.Next(3);
        foreach (int axis in order.Reverse())
        {
            if (mayRepeat && random.Next(4) == 0)
            {
                strides[axis] = random.Next(2) * random.Next(1, 4);
                continue;
            }

            int step = dense ? 1 : random.Next(1, 4);
            bool backwards = !dense && random.Next(3) == 0;
            strides[axis] = distance * step * (backwards ? -1 : 1);
            offset += backwards ? Math.Max(shape.Lengths[axis] - 1, 0) * distance * step : 0;
            distance *= Math.Max(shape.Lengths[axis], 1) * step;
        }

        return new Layout(shape, strides, offset);
    }

    /// <summary>Where in the memory the elements lie, in row-major order.</summary>
    public static int[] Places(Layout layout)
    {
        var places = new int[layout.Shape.Size];
        for (int i = 0; i < places.Length; i++)
        {
            int rest = i;
            places[i] = layout.Offset;
            for (int axis = layout.Shape.Rank - 1; axis >= 0; axis--)
            {
                places[i] += rest % layout.Shape.Lengths[axis] * layout.Strides[axis];
                rest /= layout.Shape.Lengths[axis];
            }
        }

        return places;
    }

    /// <summary>The elements as they are now, in row-major order.</summary>
    public double[] Read() => Elements(ReadMemory(), Operand.Layout);

    /// <summary>Fails if anything between the elements was written.</summary>
    public void AssertGapsUntouched()
    {
        var now = ReadMemory();
        foreach (int place in Places(Operand.Layout))
        {
            now[place] = memory[place];
        }

        Assert.Equal(memory, now);
    }

    /// <summary>What one rounding or a few of them may change.</summary>
    public static double Tolerance(DType dtype) => dtype == DType.Float64 ? 1e-14 : 1e-6;

    private static double Draw(DType dtype, Random random) => dtype switch
    {
        DType.Bool => random.Next(2),
        DType.Int32 or DType.Int64 => random.Next(-50, 50),
        _ => (random.NextDouble() * 4) - 2,
    };

    private static double Rounded(double value, DType dtype) => dtype == DType.Float32 ? (float)value : value;

    private static int Extent(Layout layout) => Math.Max(Places(layout).Append(layout.Offset).Max() + 1, 1);

    private static double[] Elements(double[] memory, Layout layout) => [.. Places(layout).Select(place => memory[place])];

    private double[] ReadMemory()
    {
        var bytes = new byte[memory.Length * Operand.DType.Size()];
        backend.Download(Operand.Storage, 0, bytes);
        return Operand.DType switch
        {
            DType.Float32 => [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(value => (double)value)],
            DType.Float64 => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            DType.Int32 => [.. MemoryMarshal.Cast<byte, int>(bytes).ToArray().Select(value => (double)value)],
            DType.Int64 => [.. MemoryMarshal.Cast<byte, long>(bytes).ToArray().Select(value => (double)value)],
            _ => [.. bytes.Select(value => (double)value)],
        };
    }

    private static byte[] Bytes(double[] values, DType dtype) => dtype switch
    {
        DType.Float32 => MemoryMarshal.AsBytes<float>(values.Select(value => (float)value).ToArray()).ToArray(),
        DType.Float64 => MemoryMarshal.AsBytes<double>(values).ToArray(),
        DType.Int32 => MemoryMarshal.AsBytes<int>(values.Select(value => (int)value).ToArray()).ToArray(),
        DType.Int64 => MemoryMarshal.AsBytes<long>(values.Select(value => (long)value).ToArray()).ToArray(),
        _ => [.. values.Select(value => (byte)value)],
    };
}
