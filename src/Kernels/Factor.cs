namespace Gpu.Autograd.Kernels;

/// <summary>A factor of a product: which of its axes are the batch, the lines and the depth, and how they lie in memory.</summary>
internal sealed class Factor
{
    private readonly Group batch;
    private readonly Group lines;
    private readonly Group depth;

    private Factor(Operand x, Group batch, Group lines, Group depth) => (Operand, this.batch, this.lines, this.depth) = (x, batch, lines, depth);

    /// <summary>What is read.</summary>
    internal Operand Operand { get; }

    internal int Lines => lines.Count;

    internal int Depth => depth.Count;

    /// <summary>Whether each group of axes is walked as one: a batch of matrices.</summary>
    internal bool IsMatrix => batch.IsOne && lines.IsOne && depth.IsOne;

    /// <summary>Whether no group has more axes than a kernel walks.</summary>
    internal bool Fits => batch.Fits && lines.Fits && depth.Fits;

    internal Axes Batches => batch.Axes;

    internal Axes AllLines => lines.Axes;

    internal Axes Depths => depth.Axes;

    internal int BatchStride => batch.Count == 1 ? 0 : batch.Stride;

    internal int LineStride => lines.Stride;

    internal int DepthStride => depth.Stride;

    /// <summary>Whether neighbours in memory are neighbours along the depth, rather than across lines.</summary>
    internal bool Along => LineStride != 1 && (DepthStride == 1 || Math.Abs(DepthStride) < Math.Abs(LineStride));

    /// <summary>Whether it is a matrix, every quad along the direction of neighbours is whole, and starts at a multiple of 4.</summary>
    internal bool HasQuads => IsMatrix
        && (Along ? DepthStride : LineStride) == 1
        && (Along ? Depth : Lines) % 4 == 0
        && (Along ? LineStride : DepthStride) % 4 == 0
        && BatchStride % 4 == 0
        && Operand.Layout.Offset % 4 == 0;

    /// <summary>A left factor: batch, lines, and so many axes of depth.</summary>
    internal static Factor Left(Operand x, int batch, int summed)
    {
        int rank = x.Shape.Rank;
        return new Factor(x, new(x.Layout, 0, batch), new(x.Layout, batch, rank - summed), new(x.Layout, rank - summed, rank));
    }

    /// <summary>A right factor: batch, so many axes of depth, and lines.</summary>
    internal static Factor Right(Operand x, int batch, int summed) =>
        new(x, new(x.Layout, 0, batch), new(x.Layout, batch + summed, x.Shape.Rank), new(x.Layout, batch, batch + summed));

    /// <summary>Some neighbouring axes.</summary>
    private readonly struct Group
    {
        private readonly LoopNest? loops;

        internal Group(Layout layout, int from, int to)
        {
            var lengths = layout.Shape.Lengths[from..to];
            var strides = layout.Strides[from..to];
            if (lengths.Length == 1)
            {
                (Count, Stride) = (lengths[0], strides[0]);
                return;
            }

            var shape = new Shape(lengths);
            loops = LoopNest.Of(new Layout(shape, strides.ToArray(), 0));
            (Count, Stride) = (shape.Size, loops.Strides(0)[^1]);
        }

        internal int Count { get; }

        internal int Stride { get; }

        internal bool IsOne => loops is null || loops.Rank == 1;

        internal bool Fits => loops is null || loops.Rank <= Axes.Most;

        internal Axes Axes => loops is null ? Axes.Of([Count], [Stride]) : Axes.Of(loops.Lengths, loops.Strides(0));
    }
}
