using Gpu.Autograd.Backends;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Checking;

/// <summary>The reference back end, but for one member: after it something is done to its result.</summary>
internal sealed class FaultyBackend(string member, Action<Backend, Operand> fault) : Backend
{
    private readonly ReferenceBackend inner = new();

    /// <summary>Adds a tenth of a per cent, or what comes nearest to it: integers and truth values become 0.</summary>
    public static void Bend(Backend backend, Operand y)
    {
        if (y.DType.IsReal())
        {
            backend.Map(new BindB<Mul>(default, 1.001), y, y);
        }
        else
        {
            backend.Fill(0, y);
        }
    }

    public override Block Allocate(long bytes) => inner.Allocate(bytes);

    public override void Free(Block block) => inner.Free(block);

    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        inner.Upload(source, target);
        Done(nameof(Upload), new Operand(target, new Layout(new Shape(source.Length)), DType.Bool));
    }

    public override void Download(Storage source, long offset, Span<byte> target)
    {
        inner.Download(source, offset, target);
        if (member == nameof(Download))
        {
            target.Clear();
        }
    }

    public override void Synchronize() => inner.Synchronize();

    public override void Fill(double value, Operand y)
    {
        inner.Fill(value, y);
        Done(nameof(Fill), y);
    }

    public override void Copy(Operand x, Operand y)
    {
        inner.Copy(x, y);
        Done(nameof(Copy), y);
    }

    public override void Map<TOp>(TOp op, Operand x, Operand y)
    {
        inner.Map(op, x, y);
        Done(nameof(Map) + 1, y);
    }

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand y)
    {
        inner.Map(op, a, b, y);
        Done(nameof(Map) + 2, y);
    }

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y)
    {
        inner.Map(op, a, b, c, y);
        Done(nameof(Map) + 3, y);
    }

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
    {
        inner.Map(op, a, b, c, d, y);
        Done(nameof(Map) + 4, y);
    }

    public override void Reduce<TMonoid>(TMonoid monoid, Operand x, Operand y)
    {
        inner.Reduce(monoid, x, y);
        Done(nameof(Reduce), y);
    }

    public override void Scan<TMonoid>(TMonoid monoid, Operand x, Operand y)
    {
        inner.Scan(monoid, x, y);
        Done(nameof(Scan), y);
    }

    public override void Softmax(bool log, Operand x, Operand y)
    {
        inner.Softmax(log, x, y);
        Done(nameof(Softmax), y);
    }

    public override void SoftmaxGradient(bool log, Operand g, Operand y, Operand dx)
    {
        inner.SoftmaxGradient(log, g, y, dx);
        Done(nameof(SoftmaxGradient), dx);
    }

    public override void CrossEntropy(Operand x, Operand? labels, Operand y)
    {
        inner.CrossEntropy(x, labels, y);
        Done(nameof(CrossEntropy), y);
    }

    public override void CrossEntropyGradient(Operand g, Operand x, Operand? labels, Operand dx)
    {
        inner.CrossEntropyGradient(g, x, labels, dx);
        Done(nameof(CrossEntropyGradient), dx);
    }

    public override void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts)
    {
        inner.Update(op, rate, count, parts);
        Done(nameof(Update), parts[0]);
    }

    public override void ArgMax(Operand x, Operand y)
    {
        inner.ArgMax(x, y);
        Done(nameof(ArgMax), y);
    }

    public override void ArgSort(bool descending, Operand x, Operand y)
    {
        inner.ArgSort(descending, x, y);
        Done(nameof(ArgSort), y);
    }

    public override void MatMul(Operand a, Operand c, Operand y)
    {
        inner.MatMul(a, c, y);
        Done(nameof(MatMul), y);
    }

    public override void Contract(int batch, int summed, Operand a, Operand c, Operand y)
    {
        inner.Contract(batch, summed, a, c, y);
        Done(nameof(Contract), y);
    }

    public override void Gather(Operand x, Operand index, Operand y)
    {
        inner.Gather(x, index, y);
        Done(nameof(Gather), y);
    }

    public override void ScatterAdd(Operand g, Operand index, Operand y)
    {
        inner.ScatterAdd(g, index, y);
        Done(nameof(ScatterAdd), y);
    }

    public override void Lu(Operand x, Operand y)
    {
        inner.Lu(x, y);
        Done(nameof(Lu), y);
    }

    public override void Determinant(Operand x, Operand y)
    {
        inner.Determinant(x, y);
        Done(nameof(Determinant), y);
    }

    public override void Solve(Operand a, Operand c, Operand y, Operand status)
    {
        inner.Solve(a, c, y, status);
        Done(nameof(Solve), y);
    }

    public override void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y)
    {
        inner.TriangularSolve(upper, unit, a, c, y);
        Done(nameof(TriangularSolve), y);
    }

    public override void Cholesky(Operand x, Operand y, Operand status)
    {
        inner.Cholesky(x, y, status);
        Done(nameof(Cholesky), y);
    }

    public override void Random(Distribution distribution, ulong seed, ulong counter, Operand y)
    {
        inner.Random(distribution, seed, counter, y);
        Done(nameof(Random), y);
    }

    public override void Qr(Operand x, Operand y)
    {
        inner.Qr(x, y);
        Done(nameof(Qr), y);
    }

    public override void Eigh(Operand x, Operand y)
    {
        inner.Eigh(x, y);
        Done(nameof(Eigh), y);
    }

    public override void Svd(Operand x, Operand y)
    {
        inner.Svd(x, y);
        Done(nameof(Svd), y);
    }

    private void Done(string what, Operand y)
    {
        if (what == member)
        {
            fault(inner, y);
        }
    }
}
