namespace Gpu.Autograd.Capturing;

/// <summary>A back end that notes each call before another makes it.</summary>
internal sealed class RecordingBackend(Recorder recorder, Backend inner) : Backend(inner.Pool)
{
    public override Block Allocate(long bytes) => inner.Allocate(bytes);

    public override void Free(Block block) => inner.Free(block);

    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        byte[] bytes = source.ToArray();
        Operand y = new(target, new Layout(new Shape(bytes.Length)), DType.Bool);
        Note([y], (backend, at) => backend.Upload(bytes, at[0].Storage), isLaunch: false);
    }

    public override void Download(Storage source, long offset, Span<byte> target) => inner.Download(source, offset, target);

    public override ReadOnlySpan<byte> InPlace(Storage source) => inner.InPlace(source);

    public override void Synchronize() => inner.Synchronize();

    public override void Fill(double value, Operand y) => Note([y], (backend, at) => backend.Fill(value, at[0]));

    public override void Copy(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Copy(at[0], at[1]), prepares: true);

    public override void Pad(Operand x, int[] before, Operand y)
    {
        if (inner.PadsAtOnce)
        {
            Note([x, y], (backend, at) => backend.Pad(at[0], before, at[1]), prepares: true);
        }
        else
        {
            base.Pad(x, before, y);
        }
    }

    public override void Map<TOp>(TOp op, Operand x, Operand y) => recorder.Add(new MapCall1<TOp>(inner, op, x, y));

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand y) => recorder.Add(new MapCall2<TOp>(inner, op, a, b, y));

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y) =>
        recorder.Add(new MapCall3<TOp>(inner, op, a, b, c, y));

    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y) =>
        recorder.Add(new MapCall4<TOp>(inner, op, a, b, c, d, y));

    public override void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts) =>
        recorder.Add(new UpdateCall<TOp>(inner, op, rate, count, [.. parts], []));

    public override void Reduce<TMonoid>(TMonoid monoid, Operand x, Operand y) =>
        recorder.Add(new ReductionCall<TMonoid>(inner, monoid, x, y));

    public override void Reduce<TMonoid, TOp>(TMonoid monoid, TOp op, Operand a, Operand b, Operand y) =>
        Note([a, b, y], (backend, at) => backend.Reduce(monoid, op, at[0], at[1], at[2]), prepares: true);

    public override void Scan<TMonoid>(TMonoid monoid, Operand x, Operand y) =>
        Note([x, y], (backend, at) => backend.Scan(monoid, at[0], at[1]));

    public override void ArgMax(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.ArgMax(at[0], at[1]), prepares: true);

    public override void ArgSort(bool descending, Operand x, Operand y) =>
        Note([x, y], (backend, at) => backend.ArgSort(descending, at[0], at[1]));

    public override void MatMul(Operand a, Operand c, Operand y) => recorder.Add(new ProductCall(inner, null, a, c, y));

    public override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y) =>
        recorder.Add(new ProductCall<TOp>(inner, op, null, a, c, b, y));

    public override void Contract(int batch, int summed, Operand a, Operand c, Operand y) =>
        recorder.Add(new ProductCall(inner, (batch, summed), a, c, y));

    public override void Contract<TOp>(TOp op, int batch, int summed, Operand a, Operand c, Operand b, Operand y) =>
        recorder.Add(new ProductCall<TOp>(inner, op, (batch, summed), a, c, b, y));

    public override void Gather(Operand x, Operand index, Operand y) =>
        Note([x, index, y], static (backend, at) => backend.Gather(at[0], at[1], at[2]), prepares: true);

    public override void ScatterAdd(Operand g, Operand index, Operand y) =>
        Note([g, index, y], static (backend, at) => backend.ScatterAdd(at[0], at[1], at[2]), prepares: true);

    public override void Lu(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Lu(at[0], at[1]));

    public override void Determinant(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Determinant(at[0], at[1]));

    public override void Solve(Operand a, Operand c, Operand y, Operand status) =>
        Note([a, c, y, status], static (backend, at) => backend.Solve(at[0], at[1], at[2], at[3]), results: 2);

    public override void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y) =>
        Note([a, c, y], (backend, at) => backend.TriangularSolve(upper, unit, at[0], at[1], at[2]));

    public override void Cholesky(Operand x, Operand y, Operand status) =>
        Note([x, y, status], static (backend, at) => backend.Cholesky(at[0], at[1], at[2]), results: 2);

    public override void Qr(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Qr(at[0], at[1]));

    // A device may ask after each sweep whether another one is needed.
    public override void Eigh(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Eigh(at[0], at[1]), isLaunch: false);

    public override void Svd(Operand x, Operand y) => Note([x, y], static (backend, at) => backend.Svd(at[0], at[1]), isLaunch: false);

    // Generators note their draws themselves: the counter moves on from step to step.
    public override void Random(Distribution distribution, ulong seed, ulong counter, Operand y) =>
        Note([y], (backend, at) => backend.Random(distribution, seed, counter, at[0]));

    public override void Softmax(bool log, Operand x, Operand y) =>
        Note([x, y], (backend, at) => backend.Softmax(log, at[0], at[1]), prepares: true, byRows: true);

    public override void SoftmaxGradient(bool log, Operand g, Operand y, Operand dx) =>
        Note([g, y, dx], (backend, at) => backend.SoftmaxGradient(log, at[0], at[1], at[2]), prepares: true, byRows: true);

    public override void CrossEntropy(Operand x, Operand? labels, Operand y)
    {
        if (labels is { } known)
        {
            Note([x, known, y], static (backend, at) => backend.CrossEntropy(at[0], at[1], at[2]), prepares: true, byRows: true);
        }
        else
        {
            Note([x, y], static (backend, at) => backend.CrossEntropy(at[0], null, at[1]), prepares: true, byRows: true);
        }
    }

    public override void CrossEntropyGradient(Operand g, Operand x, Operand? labels, Operand dx)
    {
        if (labels is { } known)
        {
            Note([g, x, known, dx], static (backend, at) => backend.CrossEntropyGradient(at[0], at[1], at[2], at[3]), prepares: true, byRows: true);
        }
        else
        {
            Note([g, x, dx], static (backend, at) => backend.CrossEntropyGradient(at[0], at[1], null, at[2]), prepares: true, byRows: true);
        }
    }

    private void Note(
        Operand[] operands,
        Action<Backend, Operand[]> call,
        int results = 1,
        bool prepares = false,
        bool isLaunch = true,
        bool byRows = false) =>
        recorder.Add(new SeamCall(inner, call, operands, results, prepares, isLaunch, byRows));
}
