using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Parts by indices: numbers and ranges, tensors of indices, masks.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// Elements picked along an axis by an index (int32 or int64). An index of rank 1 picks whole slices: the axis takes its length. With
    /// <paramref name="batchDims"/> = b the first b axes of index and tensor are walked together, and axis b is the one picked along.
    /// </summary>
    /// <remarks>A negative number is no index here, as in PyTorch's gather; in brackets, <c>x[index]</c>, it counts from the end.</remarks>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    /// <exception cref="IndexOutOfRangeException">An index is outside of the axis (on a device: NaN instead, 0 for integers).</exception>
    public Tensor Gather(Tensor index, int axis = 0, int batchDims = 0) => Gather(index, axis, batchDims, "Gather");

    /// <summary>The same under another name in messages: that of the method that was called.</summary>
    private Tensor Gather(Tensor index, int axis, int batchDims, string op)
    {
        Check.Index(this, index, op);
        axis = Shape.Axis(axis, op);
        if (batchDims < 0 || batchDims > axis || index.Rank < batchDims ||
            !Shape.Lengths[..batchDims].SequenceEqual(index.Shape.Lengths[..batchDims]))
        {
            throw new ArgumentException(
                $"{op}: the first {batchDims} axes of {Shape} and of the index {index.Shape} are not the same axes before axis {axis}.");
        }

        // [batch, between, axis, rest] → [batch, axis, between·rest]
        int[] order =
        [
            .. Enumerable.Range(0, batchDims), axis, .. Enumerable.Range(batchDims, axis - batchDims),
            .. Enumerable.Range(axis + 1, Rank - axis - 1),
        ];
        var front = axis == batchDims ? this : Permute(order);
        int batch = Product(Shape.Lengths[..batchDims]);
        int picked = Product(index.Shape.Lengths[batchDims..]);
        int length = Shape[axis];
        int rest = Product(Shape.Lengths[batchDims..axis]) * Product(Shape.Lengths[(axis + 1)..]);
        var y = Engine.Apply(
            new GatherAlong(length, op), front.Reshape(batch, length, rest), index.Reshape(batch, picked));

        // back to [batch, between, index…, rest]
        int[] between = [.. Shape.Lengths[batchDims..axis]];
        int[] indexed = [.. index.Shape.Lengths[batchDims..]];
        y = y.Reshape([.. Shape.Lengths[..batchDims], .. indexed, .. between, .. Shape.Lengths[(axis + 1)..]]);
        if (between.Length == 0)
        {
            return y;
        }

        int[] back =
        [
            .. Enumerable.Range(0, batchDims),
            .. Enumerable.Range(batchDims + indexed.Length, between.Length),
            .. Enumerable.Range(batchDims, indexed.Length),
            .. Enumerable.Range(axis + indexed.Length, Rank - axis - 1),
        ];
        return y.Permute(back);
    }

    /// <summary>
    /// Elements picked along an axis, each by an index of its own (int32 or int64, of this rank): for axis 1,
    /// y[i, j, k] = x[i, index[i, j, k], k]. Along the other axes the index may be shorter than this tensor.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    /// <exception cref="IndexOutOfRangeException">An index is outside of the axis (on a device: NaN instead, 0 for integers).</exception>
    public Tensor GatherAlong(Tensor index, int axis = -1) => GatherAlong(index, axis, "GatherAlong");

    private Tensor GatherAlong(Tensor index, int axis, string op)
    {
        Check.Index(this, index, op);
        axis = Shape.Axis(axis, op);
        var x = this;
        for (int other = 0; other < Rank; other++)
        {
            if (index.Rank != Rank || (other != axis && index.Shape.Lengths[other] > Shape.Lengths[other]))
            {
                throw new ArgumentException($"{op}: the index {index.Shape} does not fit {Shape} beside axis {axis}.");
            }

            x = other == axis ? x : x.Narrow(other, 0, index.Shape.Lengths[other]);
        }

        return x.Last(axis).Gather(index.Last(axis), Rank - 1, Rank - 1, op).MoveAxis(-1, axis);
    }

    /// <summary>
    /// Zeros with a first axis of the given length, to whose slices this tensor's slices are added: y[index[j]] += x[j]. The adjoint of
    /// <see cref="Gather(Tensor, int, int)"/> along axis 0. An index outside of 0..length−1 is an error on the CPU; on a device its slice is
    /// left out. Integers are added as integers.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit, or the elements are bool.</exception>
    public Tensor ScatterAdd(Tensor index, int length)
    {
        Check.Number(this, "ScatterAdd");
        Check.Index(this, index, "ScatterAdd");
        if (length < 0)
        {
            throw new ArgumentException($"ScatterAdd: the length of the first axis is {length}; it must not be negative.");
        }

        if (index.Rank != 1 || Rank < 1 || index.Count != Shape[0])
        {
            throw new ArgumentException($"ScatterAdd: the index {index.Shape} does not name one row for each of {Shape}.");
        }

        var y = Engine.Apply(
            new ScatterAlong(length, "ScatterAdd"), Reshape(1, Shape[0], Product(Shape.Lengths[1..])), index.Reshape(1, index.Count));
        return y.Reshape([length, .. Shape.Lengths[1..]]);
    }

    /// <summary>
    /// This tensor with values added along an axis, each by an index of its own: for axis 1, y[i, index[i, j, k], k] += values[i, j, k]. An
    /// index outside is an error on the CPU; on a device its value is left out.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor ScatterAddAlong(Tensor index, Tensor values, int axis = -1)
    {
        Check.Number(this, "ScatterAddAlong");
        axis = RequireScatter(index, values, axis, "ScatterAddAlong");
        return this + values.Scattered(index, axis, Shape.Lengths[axis], "ScatterAddAlong");
    }

    /// <summary>
    /// This tensor with values set along an axis, each by an index of its own: for axis 1, y[i, index[i, j, k], k] = values[i, j, k]. Where
    /// several are set in one place, the last one stands. An index outside is an error on the CPU; on a device its value is left out. Any dtype.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor ScatterAlong(Tensor index, Tensor values, int axis = -1)
    {
        const string Op = "ScatterAlong";
        axis = RequireScatter(index, values, axis, Op);
        if (DType == DType.Bool)
        {
            return To(DType.Int32).ScatterAlong(index, values.To(DType.Int32), axis).To(DType.Bool);
        }

        int count = index.Shape.Lengths[axis];

        // In the order of the places, which keeps equals as they are, the last of equals differs from its successor.
        var order = index.ArgSort(axis);
        var sorted = index.GatherAlong(order, axis);
        var isLast = count < 2 ? Ones(index.Shape, DType, Device) : Concat(
            [
                1 - Map(default(Equal), sorted.Narrow(axis, 0, count - 1), sorted.Narrow(axis, 1, count - 1)).To(DType),
                Ones(index.Shape.Reduced([axis], keepDims: true), DType, Device),
            ],
            axis);
        var stands = isLast.Scattered(order, axis, count, Op);
        var set = Where(stands, values, 0).Scattered(index, axis, Shape.Lengths[axis], Op);
        return Where(stands.Scattered(index, axis, Shape.Lengths[axis], Op), set, this);
    }

    /// <summary>
    /// The elements where a mask is not 0, in row-major order; mask and tensor broadcast. Their number is read by the host, so the mask cannot
    /// be one of a batch under Vmap; <see cref="Where"/> keeps the shape.
    /// </summary>
    /// <exception cref="ArgumentException">The shapes do not broadcast, or the devices differ.</exception>
    /// <exception cref="InvalidOperationException">The mask is one of a batch under Vmap.</exception>
    public Tensor MaskedSelect(Tensor mask)
    {
        var shape = Shape.Broadcast(Shape, mask.Shape, "MaskedSelect");
        long[] places = mask.Stretch(shape).Places("MaskedSelect");
        return Stretch(shape).Reshape(shape.Size).Gather(From<long>(places, device: Device));
    }

    /// <summary>
    /// Where the elements are not 0: a row of int64 for each, its place along every axis, in row-major order. Their number is read by the
    /// host, so it cannot be used under Vmap. No gradient.
    /// </summary>
    /// <exception cref="InvalidOperationException">It runs under Vmap.</exception>
    public Tensor NonZero()
    {
        long[] places = Places("NonZero");
        return From<long>([.. places.SelectMany(place => Shape.Position((int)place)).Select(i => (long)i)], [places.Length, Rank], Device);
    }

    /// <summary>The numbers, in row-major order, of the elements that are not 0.</summary>
    private long[] Places(string op)
    {
        RequireOneValue(op);
        bool[] isTrue = To(DType.Bool).ToArray<bool>();
        return [.. Enumerable.Range(0, isTrue.Length).Where(i => isTrue[i]).Select(i => (long)i)];
    }

    private int RequireScatter(Tensor index, Tensor values, int axis, string op)
    {
        Check.Alike(this, values, op);
        Check.Index(this, index, op);
        axis = Shape.Axis(axis, op);
        if (index.Shape != values.Shape || index.Rank != Rank || index.Shape.Reduced([axis], false) != Shape.Reduced([axis], false))
        {
            throw new ArgumentException($"{op}: the index {index.Shape} and the values {values.Shape} do not fit {Shape} along axis {axis}.");
        }

        return axis;
    }

    /// <summary>Zeros of the given length along an axis, with these values added, each by an index of its own.</summary>
    private Tensor Scattered(Tensor index, int axis, int length, string op)
    {
        var (values, places) = (Last(axis), index.Last(axis));
        int count = values.Shape[-1];
        int batch = Product(values.Shape.Lengths[..^1]);
        var y = Engine.Apply(new ScatterAlong(length, op), values.Reshape(batch, count, 1), places.Reshape(batch, count));
        return y.Reshape([.. values.Shape.Lengths[..^1], length]).MoveAxis(-1, axis);
    }
}
