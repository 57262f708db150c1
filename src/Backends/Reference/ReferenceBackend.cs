using System.Runtime.Intrinsics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The managed SIMD back end on the CPU. It is always there, and it defines what every op means; the others are tested against it.
/// </summary>
/// <remarks>
/// All work is done when a call returns. Results do not depend on the number of threads, and an element of a map does not depend on its
/// place. Sums and products are cut by shape, strides and the width of the registers.
/// </remarks>
public sealed unsafe class ReferenceBackend : Backend
{
    private readonly int bits;
    private readonly Workers workers;

    /// <summary>The back end with the widest registers of this machine, and all its cores.</summary>
    public ReferenceBackend()
        : this(WidestBits, Environment.ProcessorCount)
    {
    }

    /// <summary>A back end with registers of 128, 256 or 512 bits and so many threads: for tests.</summary>
    internal ReferenceBackend(int bits, int threads)
    {
        this.bits = bits;
        workers = new Workers(threads);
    }

    /// <summary>A back end that notes what another is to do.</summary>
    private ReferenceBackend(ReferenceBackend doer, Preparation preparation)
        : base(doer.Pool)
    {
        bits = doer.bits;
        workers = preparation;
    }

    /// <summary>The width of the registers that loops use on this machine.</summary>
    internal static int WidestBits => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <inheritdoc/>
    public override Block Allocate(long bytes) => new CpuBlock(bytes, Pool.Use.LiveBytes);

    /// <inheritdoc/>
    public override void Free(Block block) => ((CpuBlock)block).Free();

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, target.Block.Bytes);
        source.CopyTo(new Span<byte>(CpuBlock.StartOf(target), source.Length));
    }

    /// <inheritdoc/>
    public override void Download(Storage source, long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + target.Length, source.Block.Bytes);
        new ReadOnlySpan<byte>(CpuBlock.StartOf(source) + offset, target.Length).CopyTo(target);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> InPlace(Storage source) =>
        new(CpuBlock.StartOf(source), (int)Math.Min(source.Block.Bytes, int.MaxValue));

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }

    internal override Action Prepare(Action<Backend> call)
    {
        var preparation = new Preparation(workers);
        call(new ReferenceBackend(this, preparation));
        return preparation.Finish();
    }

    /// <inheritdoc/>
    protected override void Drop(Operand scratch)
    {
        // Loops that run again and again need their memory as long.
        if (workers is Preparation preparation)
        {
            preparation.Keep(scratch.Storage);
        }
        else
        {
            base.Drop(scratch);
        }
    }

    /// <inheritdoc/>
    public override void Fill(double value, Operand y) => Copies.Fill(value, y);

    /// <inheritdoc/>
    public override void Copy(Operand x, Operand y) => Copies.Run(x, y, workers);

    internal override bool PadsAtOnce => true;

    internal override bool AddsInProducts => true;

    /// <inheritdoc/>
    public override void Pad(Operand x, int[] before, Operand y)
    {
        if (!Paddings.TryRun(x, before, y, workers))
        {
            workers.Once(() => Fill(0, y));
            Copy(x, y with { Layout = y.Layout.Sliced(before, [.. Enumerable.Repeat(1, before.Length)], x.Shape) });
        }
    }

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand x, Operand y) =>
        MapLoops.Run(MapBody1<TOp>.Forms[bits, y.DType], workers.Hold(ref op), workers, x, y);

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand y) =>
        MapLoops.Run(MapBody2<TOp>.Forms[bits, y.DType], workers.Hold(ref op), workers, a, b, y);

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y) =>
        MapLoops.Run(MapBody3<TOp>.Forms[bits, y.DType], workers.Hold(ref op), workers, a, b, c, y);

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y) =>
        MapLoops.Run(MapBody4<TOp>.Forms[bits, y.DType], workers.Hold(ref op), workers, a, b, c, d, y);

    /// <inheritdoc/>
    public override void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts) =>
        Updates.Run(op, rate, count, parts, bits, workers);

    /// <inheritdoc/>
    public override void Reduce<TMonoid>(TMonoid monoid, Operand x, Operand y) => Reductions.Run(monoid, x, y, bits, workers);

    internal override bool ReducesMaps => true;

    /// <summary>A part of a last-level cache.</summary>
    internal override long CachedBytes => 8 << 20;

    /// <inheritdoc/>
    public override void Reduce<TMonoid, TOp>(TMonoid monoid, TOp op, Operand a, Operand b, Operand y)
    {
        void* body = MapBody2<TOp>.Forms[bits, y.DType];
        if (a.Shape.Size == 0 || !Reductions.TryRun(monoid, new MapSource(body, workers.Hold(ref op), a, b), a, y, bits, workers))
        {
            base.Reduce(monoid, op, a, b, y);
        }
    }

    /// <inheritdoc/>
    public override void Scan<TMonoid>(TMonoid monoid, Operand x, Operand y) => Scans.Run(monoid, x, y, workers);

    /// <inheritdoc/>
    public override void ArgMax(Operand x, Operand y) => Indexing.ArgMax(x, y, workers);

    /// <inheritdoc/>
    public override void ArgSort(bool descending, Operand x, Operand y) => Sorting.Run(descending, x, y, workers);

    /// <inheritdoc/>
    public override void MatMul(Operand a, Operand c, Operand y) => MatrixProduct.Run(a, c, y, bits, workers);

    /// <inheritdoc/>
    public override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y)
    {
        if (RowMap.InPlace(MapBody2<TOp>.Forms[bits, y.DType], workers.Hold(ref op), b, y) is not { } map)
        {
            base.MatMul(op, a, c, b, y);
            return;
        }

        MatrixProduct.Run(
            a, c, y, bits, workers,
            (batch, row, count, column, columns) => map.Run(batch, row, row + count, column, columns));
    }

    /// <inheritdoc/>
    public override void Contract(int batch, int summed, Operand a, Operand c, Operand y)
    {
        if (y.DType.IsReal())
        {
            Contract(batch, summed, a, c, y, null);
        }
        else
        {
            base.Contract(batch, summed, a, c, y);
        }
    }

    /// <inheritdoc/>
    public override void Contract<TOp>(TOp op, int batch, int summed, Operand a, Operand c, Operand b, Operand y)
    {
        int rows = a.Shape.Rank - batch - summed, columns = c.Shape.Rank - batch - summed;
        if (b.Layout.Grouped(batch, rows, columns) is not { } layout || y.Layout.Grouped(batch, rows, columns) is not { } result ||
            RowMap.InPlace(MapBody2<TOp>.Forms[bits, y.DType], workers.Hold(ref op), b with { Layout = layout }, y with { Layout = result }) is not { } map)
        {
            base.Contract(op, batch, summed, a, c, b, y);
            return;
        }

        Contract(batch, summed, a, c, y, (batch, row, count, column, columns) => map.Run(batch, row, row + count, column, columns));
    }

    private void Contract(int batch, int summed, Operand a, Operand c, Operand y, Finished? finished)
    {
        int rows = a.Shape.Rank - batch - summed, columns = c.Shape.Rank - batch - summed;
        y = y with { Layout = y.Layout.Grouped(batch, rows, columns)! };
        if (a.Layout.Grouped(batch, rows, summed) is { } left && c.Layout.Grouped(batch, summed, columns) is { } right)
        {
            MatrixProduct.Run(a with { Layout = left }, c with { Layout = right }, y, bits, workers, finished);
            return;
        }

        if (ThinContraction.TryRun(batch, summed, a, c, y, bits, workers, finished))
        {
            return;
        }

        // The left factor is copied where it does not lie in rows: weights, or a gradient, but not the windows, which stand on the right.
        var known = a;
        if (!Contraction.IsReadable(a.Layout, batch, summed))
        {
            var once = Contraction.Once(a.Layout, batch);
            var dense = new Layout(once.Shape);
            known = new Operand(new Storage(this, (long)once.Shape.Size * a.DType.Size()), dense.BroadcastTo(a.Shape), a.DType);
            Copies.Run(a with { Layout = once }, known with { Layout = dense }, workers);
        }

        Contraction.Run(batch, summed, known, c, y, bits, workers, finished);
        if (known.Storage != a.Storage)
        {
            Drop(known);
        }
    }

    /// <inheritdoc/>
    public override void Gather(Operand x, Operand index, Operand y) => Indexing.Gather(x, index, y, workers);

    /// <inheritdoc/>
    public override void ScatterAdd(Operand g, Operand index, Operand y) => Indexing.ScatterAdd(g, index, y, workers);

    /// <inheritdoc/>
    public override void Lu(Operand x, Operand y) => Elimination.Of(bits, y.DType).Lu(x, y, workers);

    /// <inheritdoc/>
    public override void Determinant(Operand x, Operand y) => Elimination.Of(bits, y.DType).Determinant(x, y, workers);

    /// <inheritdoc/>
    public override void Solve(Operand a, Operand c, Operand y, Operand status) =>
        Elimination.Of(bits, y.DType).Solve(a, c, y, status, workers);

    /// <inheritdoc/>
    public override void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y) =>
        Elimination.Of(bits, y.DType).TriangularSolve(upper, unit, a, c, y, workers);

    /// <inheritdoc/>
    public override void Cholesky(Operand x, Operand y, Operand status) => Elimination.Of(bits, y.DType).Cholesky(x, y, status, workers);

    /// <inheritdoc/>
    public override void Random(Distribution distribution, ulong seed, ulong counter, Operand y) =>
        RandomFill.Run(distribution, seed, counter, y, workers);

    /// <inheritdoc/>
    public override void Qr(Operand x, Operand y) => Spectral.Qr(x, y, workers);

    /// <inheritdoc/>
    public override void Eigh(Operand x, Operand y) => Spectral.Eigh(x, y, workers);

    /// <inheritdoc/>
    public override void Svd(Operand x, Operand y) => Spectral.Svd(x, y, workers);

    /// <inheritdoc/>
    public override void Softmax(bool log, Operand x, Operand y) => Softmaxes.Softmax(log, x, y, bits, workers);

    /// <inheritdoc/>
    public override void SoftmaxGradient(bool log, Operand g, Operand y, Operand dx) =>
        Softmaxes.SoftmaxGradient(log, g, y, dx, bits, workers);

    /// <inheritdoc/>
    public override void CrossEntropy(Operand x, Operand? labels, Operand y) => Softmaxes.CrossEntropy(x, labels, y, bits, workers);

    /// <inheritdoc/>
    public override void CrossEntropyGradient(Operand g, Operand x, Operand? labels, Operand dx) =>
        Softmaxes.CrossEntropyGradient(g, x, labels, dx, bits, workers);
}
