using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd
{
    /// <content>Parts in brackets.</content>
    public sealed partial class Tensor
    {
        /// <summary>
        /// A part, as NumPy and C# write it: <c>x[1..3, ^1]</c>. A number picks one slice, whose axis goes (a negative one counts from the
        /// end, as ^ does); a range keeps its axis; <see cref="TensorIndex.Ellipsis"/> stands for as many whole axes as are left, else these
        /// come last; <see cref="TensorIndex.NewAxis"/> is an axis of length 1. These are views. A tensor of indices (int32 or int64, negative
        /// ones from the end) picks slices, and its axes stand where the axis was; several are broadcast and walked together:
        /// <c>x[rows, columns]</c> are elements. Their axes stand where the first was if they are neighbours, and else in front. A mask (bool)
        /// stands for as many axes as it has, and picks where it is true, in row-major order: <c>x[x &gt; 0]</c>.
        /// </summary>
        /// <remarks>
        /// A number is not walked together with tensors of indices: <c>x[0, .., rows]</c> is <c>x[0][.., rows]</c>, as in PyTorch, where NumPy puts
        /// the axes of rows in front. An index outside of its axis is an error on the CPU, and on a device gives NaN (0 for integers). How many elements a mask picks is
        /// read by the host, so that it cannot be one of a batch under Vmap. To set by a mask, or to keep the shape, there is
        /// <see cref="Where"/>.
        /// </remarks>
        /// <exception cref="ArgumentOutOfRangeException">A number or range is outside of its axis, or there are more of them than axes.</exception>
        /// <exception cref="IndexOutOfRangeException">An index of a tensor is outside of its axis, where the host sees it.</exception>
        /// <exception cref="ArgumentException">There are two ellipses, a tensor is no index, or shapes do not fit.</exception>
        /// <exception cref="InvalidOperationException">A mask is one of a batch under Vmap.</exception>
        [System.Runtime.CompilerServices.IndexerName("Part")]
        public Tensor this[params ReadOnlySpan<TensorIndex> parts]
        {
            get
            {
                int named = 0;
                foreach (var part in parts)
                {
                    named += part.Axes;
                }

                if (named > Rank)
                {
                    throw new ArgumentOutOfRangeException(null, $"Slice: {named} indices for {Shape} (rank {Rank}).");
                }

                var start = new int[Rank];
                int[] lengths = Shape.ToArray();
                var result = new List<int>();
                var picks = new List<(Tensor Index, int Axis)>();
                bool open = true;
                int axis = 0;
                foreach (var part in parts)
                {
                    if (part.IsEllipsis)
                    {
                        int end = open ? axis + Rank - named : throw new ArgumentException("Slice: there is more than one ellipsis.");
                        result.AddRange(lengths[axis..end]);
                        (axis, open) = (end, false);
                    }
                    else if (part.IsNewAxis)
                    {
                        result.Add(1);
                    }
                    else if (part.Tensor is { } index)
                    {
                        picks.Add((index.DType == DType.Bool ? PlacesOf(index, axis) : FromStart(index, axis), result.Count));
                        result.Add(Product(lengths[axis..(axis + part.Axes)]));
                        axis += part.Axes;
                    }
                    else
                    {
                        (start[axis], lengths[axis]) = part.Over(axis, Shape);
                        if (part.IsRange)
                        {
                            result.Add(lengths[axis]);
                        }

                        axis++;
                    }
                }

                result.AddRange(lengths[axis..]);
                var y = Engine.Apply(new Slice(Shape, start, Steps(Rank), new Shape(lengths)), this).Reshape([.. result]);
                return picks switch
                {
                    [] => y,
                    [var (index, along)] => y.Gather(index, along, 0, "Slice"),
                    _ => y.PickedBy(picks),
                };
            }
        }

        /// <summary>Elements of several axes, by indices that are walked together: of these axes as one, by one index.</summary>
        private Tensor PickedBy(List<(Tensor Index, int Axis)> picks)
        {
            int[] axes = [.. picks.Select(pick => pick.Axis)];
            bool areNeighbours = axes[^1] - axes[0] == axes.Length - 1;
            var x = areNeighbours ? this : Permute([.. axes, .. Enumerable.Range(0, Rank).Except(axes)]);
            int first = areNeighbours ? axes[0] : 0;
            var joined = picks[0].Index.To(DType.Int64);
            for (int k = 1; k < axes.Length; k++)
            {
                joined = Exact(new JoinPlaces(Shape.Lengths[axes[k]]), joined, picks[k].Index.To(DType.Int64), "Slice");
            }

            return x.Flatten(first, first + axes.Length - 1).Gather(joined, first, 0, "Slice");
        }

        /// <summary>An index along an axis, with its negative numbers counted from the start.</summary>
        private Tensor FromStart(Tensor index, int axis)
        {
            Check.Index(this, index, "Slice");
            return Engine.Apply(new FromStart(Shape, axis), index);
        }

        /// <summary>Where a mask for the axes from one on is true: as an index of these axes as one.</summary>
        private Tensor PlacesOf(Tensor mask, int axis) => mask.Rank == 0
            ? throw new ArgumentException("Slice: a mask without axes picks nothing of an axis; Where takes it.")
            : mask.Shape.Lengths.SequenceEqual(Shape.Lengths[axis..(axis + mask.Rank)])
            ? From<long>(mask.Places("Slice"), device: Device)
            : throw new ArgumentException($"Slice: the mask {mask.Shape} has not the lengths of {Shape} from axis {axis} on.");
    }
}

namespace Gpu.Autograd.Ops
{
    /// <summary>The place in a row-major table from its line and its column, of so many; −1 where either is not in it.</summary>
    internal readonly struct JoinPlaces(Number columns) : IMap2, IWhole
    {
        /// <inheritdoc/>
        public T Value<T>(T line, T column)
            where T : IReal<T>
        {
            var width = T.Param(columns);
            var place = T.IfLess(column, width, (line * width) + column, -T.One);
            return T.IfLess(line, T.Zero, -T.One, T.IfLess(column, T.Zero, -T.One, place));
        }
    }

    /// <summary>A place that is counted from the end where it is negative, as one from the start; it stays negative where there is none.</summary>
    internal readonly struct CountFromStart(Number length) : IMap1, IWhole
    {
        /// <inheritdoc/>
        public T Value<T>(T place)
            where T : IReal<T>
        {
            var count = T.Param(length);
            var fromEnd = place + count;
            return T.IfLess(place, T.Zero, T.IfLess(fromEnd, T.Zero, -T.One, fromEnd), T.IfLess(place, count, place, -T.One));
        }
    }
}
