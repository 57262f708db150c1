using System.Numerics.Tensors;

namespace Gpu.Autograd.Interop;

/// <summary>To and from the tensors of <c>System.Numerics.Tensors</c>. Element types are float, double, int, long and bool.</summary>
public static class NumericsTensors
{
    /// <summary>A tensor with the elements of a span of any strides, copied once; for a <see cref="Tensor{T}"/> pass it as it is.</summary>
    public static Tensor ToAutograd<T>(this in ReadOnlyTensorSpan<T> source, Device? device = null)
        where T : unmanaged
    {
        var shape = new Shape([.. source.Lengths.ToArray().Select(length => checked((int)length))]);
        if (source.IsDense && source.FlattenedLength > 0)
        {
            nint[] first = new nint[source.Rank];
            return Gpu.Autograd.Tensor.From(source.GetSpan(first, shape.Size), shape, device);
        }

        var elements = new T[shape.Size];
        source.FlattenTo(elements);
        return Gpu.Autograd.Tensor.From<T>(elements, shape, device);
    }

    /// <summary>A tensor with the elements of another library's tensor, copied once.</summary>
    public static Tensor ToAutograd<T>(this Tensor<T> source, Device? device = null)
        where T : unmanaged => source.AsReadOnlyTensorSpan().ToAutograd(device);

    /// <summary>The elements as a dense tensor of <c>System.Numerics.Tensors</c>, copied once, when all work on them is done. A scalar is [1] there.</summary>
    /// <exception cref="InvalidOperationException">T is not the tensor's element type.</exception>
    public static Tensor<T> ToNumerics<T>(this Tensor source)
        where T : unmanaged => System.Numerics.Tensors.Tensor.Create(source.ToArray<T>(), Lengths(source));

    /// <summary>
    /// Runs a function over the elements without copying them where they lie in the host's memory without gaps; it must not keep the span.
    /// A scalar is [1] there.
    /// </summary>
    /// <exception cref="InvalidOperationException">T is not the tensor's element type.</exception>
    public static TResult ReadTensor<T, TResult>(this Tensor source, Func<ReadOnlyTensorSpan<T>, TResult> read)
        where T : unmanaged => source.Read<T, TResult>(span => read(new ReadOnlyTensorSpan<T>(span, Lengths(source))));

    // There they would be taken for no elements at all.
    private static nint[] Lengths(Tensor source) => source.Rank == 0 ? [1] : [.. source.Shape.Select(length => (nint)length)];
}
