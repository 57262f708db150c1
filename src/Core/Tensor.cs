using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>
/// An n-dimensional array on a device, and what the derivatives are taken of. Its values never change but by
/// <see cref="Assign"/> and the optimizers; ops make new tensors, and views share memory. Nothing has to be disposed.
/// </summary>
public sealed partial class Tensor
{
    private Layout layout;
    private Storage? storage;

    /// <summary>A tensor over elements in a storage.</summary>
    internal Tensor(Storage storage, Layout layout, DType dtype, Device device)
    {
        this.storage = storage;
        this.layout = layout;
        DType = dtype;
        Device = device;
    }

    /// <summary>A tensor as a transform sees it: a value of the level below with what the transform keeps beside it.</summary>
    internal Tensor(Box box)
    {
        Box = box;
        layout = box is Batched ? Layout.RowMajor(box.Inner.Shape.Lengths[1..]) : box.Inner.layout;
        DType = box.Inner.DType;
        Device = box.Inner.Device;
    }

    /// <summary>A weak scalar: a number that takes dtype and device from what it meets.</summary>
    private Tensor(double weak)
    {
        WeakValue = weak;
        IsWeak = true;
        layout = WeakLayout;
        DType = DType.Float32;
        Device = Device.Cpu;
    }

    private static Layout WeakLayout { get; } = new(Shape.Scalar);

    /// <summary>The lengths of the axes.</summary>
    public Shape Shape => layout.Shape;

    /// <summary>The number of axes.</summary>
    public int Rank => layout.Shape.Rank;

    /// <summary>The number of elements.</summary>
    public int Count => layout.Shape.Size;

    /// <summary>The element type.</summary>
    public DType DType { get; }

    /// <summary>The device that the elements are on.</summary>
    public Device Device { get; private set; }

    /// <summary>What a running transform (Grad, Jvp, …) keeps beside this value; null outside of transforms.</summary>
    internal Box? Box { get; }

    /// <summary>The tape's record of how this tensor was made, or of the leaf that it is; null where no gradient is asked for.</summary>
    internal Node? Node { get; set; }

    /// <summary>The op without a derivative that gradients on the tape stopped at, where there was one.</summary>
    internal Primitive? Cut { get; set; }

    /// <summary>Whether this is a bare number that takes dtype and device from the other operand.</summary>
    internal bool IsWeak { get; }

    /// <summary>The number, where this is a weak scalar.</summary>
    internal double WeakValue { get; }

    /// <summary>The innermost value: this tensor without any transform's box. A batch's has the batches' axes in front.</summary>
    internal Tensor Innermost
    {
        get
        {
            var t = this;
            while (t.Box is { } box)
            {
                t = box.Inner;
            }

            return t;
        }
    }

    /// <summary>Whether this stands for the values of a batch, under any number of boxes.</summary>
    internal bool IsBatched => Box is Batched || Box?.Inner.IsBatched == true;

    /// <summary>The value for the host to read.</summary>
    /// <exception cref="InvalidOperationException">Under Vmap there is no one value.</exception>
    internal Tensor Readable
    {
        get
        {
            var whole = Scope.Resolved(this, detached: true);
            for (var t = whole; t.Box is { } box; t = box.Inner)
            {
                if (box is Batched)
                {
                    throw new InvalidOperationException(
                        $"Host read: under {box.Level.Transform} this {DType.Name()} {Shape} stands for {box.Level.BatchSize} values at once, " +
                        "and there is no one value to read; use Where() instead of a test, or return the value.");
                }
            }

            return whole.Innermost is { IsWeak: true } weak ? weak.Strong(weak.DType, weak.Device) : whole.Innermost;
        }
    }

    /// <summary>The value for the host to reckon with, and not just to show.</summary>
    private Tensor HostRead
    {
        get
        {
            for (var t = Scope.Resolved(this, detached: true); t.Box is { } box; t = box.Inner)
            {
                box.Level.Loses("the host reads it");
            }

            return Readable;
        }
    }

    /// <summary>The memory of a concrete tensor.</summary>
    internal Storage Storage => storage!;

    /// <summary>How a concrete tensor lies in its memory.</summary>
    internal Layout Layout => layout;

    /// <summary>This concrete tensor as a back end sees it.</summary>
    internal Operand Operand => new(storage!, layout, DType);

    /// <summary>The number that a weak scalar is of.</summary>
    public static implicit operator Tensor(double value) => new(value);

    /// <summary>
    /// A tensor of the elements given, in row-major order: <c>Tensor.From([1f, 2f, 3f])</c>, <c>Tensor.From(data, [2, 3])</c>. The dtype is
    /// that of T: float, double, int, long or bool.
    /// </summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> data, Shape? shape = null, Device? device = null)
        where T : unmanaged
    {
        var dtype = DTypes.Of<T>();
        shape ??= new Shape(data.Length);
        if (shape.Size != data.Length)
        {
            throw new ArgumentException($"From: shape {shape} has {shape.Size} elements, the data have {data.Length}.");
        }

        var result = Empty(shape, dtype, device);
        result.Device.Backend.Upload(MemoryMarshal.AsBytes(data), result.Storage);
        return result;
    }

    /// <summary>A tensor of the elements of an array, of its rank and shape (<c>float[]</c>, <c>double[,]</c>, …).</summary>
    public static Tensor From<T>(T[,] data, Device? device = null)
        where T : unmanaged =>
        From(
            MemoryMarshal.CreateReadOnlySpan(ref data.Length == 0 ? ref MemoryMarshal.GetReference<T>([]) : ref data[0, 0], data.Length),
            [data.GetLength(0), data.GetLength(1)],
            device);

    /// <summary>A tensor of the elements of an array of any rank, of its shape: <c>float[,,]</c>, <c>long[,,,]</c>, …</summary>
    /// <exception cref="ArgumentException">The elements are not float, double, int, long or bool.</exception>
    [OverloadResolutionPriority(-1)]
    public static Tensor From(Array data, Device? device = null)
    {
        var shape = new Shape([.. Enumerable.Range(0, data.Rank).Select(data.GetLength)]);
        return data.GetType().GetElementType() switch
        {
            var t when t == typeof(float) => From(Elements<float>(data), shape, device),
            var t when t == typeof(double) => From(Elements<double>(data), shape, device),
            var t when t == typeof(int) => From(Elements<int>(data), shape, device),
            var t when t == typeof(long) => From(Elements<long>(data), shape, device),
            var t when t == typeof(bool) => From(Elements<bool>(data), shape, device),
            var t => throw new ArgumentException(
                $"From: the elements of the array are {t?.Name}, not float, double, int, long or bool" +
                (t?.IsArray == true ? "; an array of arrays has no shape, one of rank 2, such as float[,], has." : ".")),
        };

        static ReadOnlySpan<T> Elements<T>(Array data) =>
            MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(data)), data.Length);
    }

    /// <summary>A scalar (rank 0) of a certain dtype; a plain number in a formula needs no such thing.</summary>
    public static Tensor Scalar(double value, DType dtype = DType.Float32, Device? device = null) => Full([], value, dtype, device);

    /// <summary>A whole number as a scalar: an int64 one has all its digits.</summary>
    public static Tensor Scalar(long value, DType dtype = DType.Float32, Device? device = null) => Full([], value, dtype, device);

    /// <summary>All zeros.</summary>
    public static Tensor Zeros(Shape shape, DType dtype = DType.Float32, Device? device = null) => Full(shape, 0, dtype, device);

    /// <summary>All ones.</summary>
    public static Tensor Ones(Shape shape, DType dtype = DType.Float32, Device? device = null) => Full(shape, 1, dtype, device);

    /// <summary>One value everywhere.</summary>
    public static Tensor Full(Shape shape, double value, DType dtype = DType.Float32, Device? device = null)
    {
        var result = Empty(shape, dtype, device);
        if (result.Count > 0)
        {
            result.Device.Backend.Fill(value, result.Operand);
            GC.KeepAlive(result);
        }

        return result;
    }

    /// <summary>One whole number everywhere: an int64 tensor has all its digits.</summary>
    public static Tensor Full(Shape shape, long value, DType dtype = DType.Float32, Device? device = null) =>
        dtype == DType.Int64 && (Int128)(double)value != value
            ? From<long>([value], [], device).BroadcastTo(shape).Copy()
            : Full(shape, (double)value, dtype, device);

    /// <summary>0, 1, …, count − 1.</summary>
    /// <exception cref="ArgumentException">The count is negative.</exception>
    public static Tensor Arange(int count, DType dtype = DType.Float32, Device? device = null)
    {
        if (count < 0)
        {
            throw new ArgumentException($"Arange: the count is {count}; it must not be negative.");
        }

        var host = new int[count];
        for (int i = 0; i < count; i++)
        {
            host[i] = i;
        }

        return From<int>(host, device: device).To(dtype);
    }

    /// <summary>The identity matrix.</summary>
    public static Tensor Eye(int size, DType dtype = DType.Float32, Device? device = null) => Eye(size, size, 0, dtype, device);

    /// <summary>Rows × columns of zeros with ones where column − row = <paramref name="diagonal"/>.</summary>
    public static Tensor Eye(int rows, int columns, int diagonal, DType dtype = DType.Float32, Device? device = null)
    {
        var result = Zeros([rows, columns], dtype, device);
        int first = Math.Max(0, -diagonal);
        int count = Math.Min(rows - first, columns - first - diagonal);
        if (count > 0)
        {
            var ones = result.View(new Layout([count], [columns + 1], (first * columns) + first + diagonal));
            result.Device.Backend.Fill(1, ones.Operand);
            GC.KeepAlive(result);
        }

        return result;
    }

    /// <summary>The one element, as a double, copied to the host when all work on it is done.</summary>
    /// <exception cref="InvalidOperationException">There is not exactly one element.</exception>
    public double Item()
    {
        if (Count != 1)
        {
            throw new InvalidOperationException($"Item: shape {Shape} has {Count} elements, not one.");
        }

        if (IsWeak)
        {
            return WeakValue;
        }

        var t = HostRead;
        return DType switch
        {
            DType.Float32 => t.ToArray<float>()[0],
            DType.Float64 => t.ToArray<double>()[0],
            DType.Int32 => t.ToArray<int>()[0],
            DType.Int64 => t.ToArray<long>()[0],
            _ => t.ToArray<bool>()[0] ? 1 : 0,
        };
    }

    /// <summary>Overwrites the values in place. Views of the same memory change with it, and the tape notices.</summary>
    /// <exception cref="ArgumentException">Shape, dtype or device differ.</exception>
    public void Assign(Tensor value)
    {
        if (IsWeak)
        {
            throw new InvalidOperationException("Assign: a plain number has no memory to overwrite; make it a tensor with Tensor.Scalar().");
        }

        value = value.Strong(DType, Device);
        if (value.Shape != Shape || value.DType != DType)
        {
            throw new ArgumentException(
                $"Assign: {value.DType.Name()} {value.Shape} does not fit into {DType.Name()} {Shape}.");
        }

        if (Box is not null || value.Box is not null)
        {
            throw new InvalidOperationException("Assign: a tensor cannot be overwritten inside a transform (Grad, Jvp, …).");
        }

        if (Scope.Current?.Replaces(this) == true)
        {
            throw new InvalidOperationException(
                $"Assign: this parameter, {DType.Name()} {Shape}, stands for an argument of a running Functional and cannot be overwritten.");
        }

        if (Node is { IsLeaf: false })
        {
            throw new InvalidOperationException("Assign: the result of an op cannot be overwritten; only leaves can.");
        }

        if (layout.Repeats)
        {
            throw new InvalidOperationException(
                $"Assign: the tensor {Shape} is a broadcast view: several of its elements are one in memory.");
        }

        // An overlapping view of the same memory would be read while it is written.
        var source = value.Detach().To(Device);
        if (source.Storage == Storage && source.layout != layout)
        {
            source = source.Copy();
        }

        Device.Backend.Copy(source.Operand, Operand);
        Storage.Touch();
        GC.KeepAlive(source);
        GC.KeepAlive(this);
    }

    /// <summary>A new tensor of undefined content.</summary>
    internal static Tensor Empty(Shape shape, DType dtype, Device? device) => Empty(Layout.RowMajor(shape), dtype, device ?? Device.Cpu);

    /// <summary>The same, under a layout that is row-major and without gaps.</summary>
    internal static Tensor Empty(Layout layout, DType dtype, Device device)
    {
        var storage = new Storage(device.Owner, Math.Max(1L, layout.Shape.Size) * dtype.Size());
        Recorder.Noting?.Add(storage);
        return new Tensor(storage, layout, dtype, device);
    }

    /// <summary>A concrete tensor over the same memory with another layout.</summary>
    internal Tensor View(Layout other) => new(Storage, other, DType, Device);

    /// <summary>The same tensor as another object: it stands for nothing else where this one does.</summary>
    internal Tensor Alias() => Box is { } box ? new Tensor(box) : View(layout).With(Node);

    /// <summary>This new tensor with a record.</summary>
    internal Tensor With(Node? node)
    {
        Node = node;
        return this;
    }

    /// <summary>This concrete tensor, or a copy of it, in row-major order without gaps.</summary>
    internal Tensor Dense()
    {
        if (layout.IsDense)
        {
            return this;
        }

        return Copy();
    }

    /// <summary>A copy of this concrete tensor in memory of its own.</summary>
    internal Tensor Copy()
    {
        var result = Empty(Shape, DType, Device);
        return Launch.Into(result, static (backend, x, y) => backend.Copy(x, y), this);
    }

    /// <summary>Moves the elements of a leaf to another device, the tensor object staying what it is (for modules and optimizers).</summary>
    internal void MoveTo(Device device)
    {
        if (device == Device)
        {
            return;
        }

        Recorder.Refuse($"a tensor is moved to {device}", "move it before Run");
        var moved = Detach().Dense().To(device);
        Storage.Leave();
        storage = moved.Storage;
        layout = moved.layout;
        Device = device;
        if (Grad is { } gradient)
        {
            Grad = gradient.To(device);
        }
    }

    /// <summary>A weak scalar as a tensor of rank 0; any other tensor as it is.</summary>
    internal Tensor Strong(DType dtype, Device device) => IsWeak ? Full([], WeakValue, dtype, device) : this;
}
