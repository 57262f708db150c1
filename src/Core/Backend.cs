namespace Gpu.Autograd;

/// <summary>A tensor's elements as a back end sees them.</summary>
/// <param name="Storage">The memory.</param>
/// <param name="Layout">Where in it the elements lie.</param>
/// <param name="DType">What they are.</param>
public readonly record struct Operand(Storage Storage, Layout Layout, DType DType)
{
    /// <summary>The lengths of the axes.</summary>
    public Shape Shape => Layout.Shape;
}

/// <summary>An associative operation with an identity: what a reduction combines elements with. It must be commutative too.</summary>
public interface IMonoid
{
    /// <summary>e with Combine(e, x) = x: the result for no elements at all.</summary>
    T Identity<T>()
        where T : IReal<T>;

    /// <summary>The combination of two elements.</summary>
    T Combine<T>(T a, T b)
        where T : IReal<T>;
}

/// <summary>A kernel that a back end compiled when it was first launched.</summary>
/// <param name="Name">What it does, and with which ops and numbers.</param>
/// <param name="Time">How long that took.</param>
public readonly record struct CompiledKernel(string Name, TimeSpan Time);

/// <summary>
/// Calls that are made together with others. Where they are several, row i of what one of them writes needs of what the others write row i
/// alone; and nothing else waits for some of them only.
/// </summary>
/// <param name="Calls">What is asked of the back end, in order.</param>
/// <param name="Rows">The rows of what they write, which is dense.</param>
/// <param name="After">Which of the others, by their numbers, have to be over before these; all of them come earlier.</param>
/// <param name="Parts">What each call is in a whole that some of these jobs make up; null where they are none.</param>
internal readonly record struct Job(Action<Backend>[] Calls, int Rows, int[] After, Part[]? Parts = null);

/// <summary>What a call is in a training step that a device may be able to do as a whole; see <see cref="Capturing.Whole"/>.</summary>
/// <param name="Role">What it does.</param>
/// <param name="Rows">The rows of the batch.</param>
/// <param name="IsKept">Whether its result is read by others than the calls of the whole.</param>
internal readonly record struct Part(Role Role, int Rows, bool IsKept);

/// <summary>What calls do in a training step.</summary>
internal enum Role
{
    /// <summary>Row i of the result needs row i alone of what other such calls give.</summary>
    Row,

    /// <summary>Adds up over the rows: aᵀ·c of two of their results, one of which may be an argument, or the sum of one.</summary>
    Sum,

    /// <summary>A map of such a sum.</summary>
    OfSum,

    /// <summary>Needs nothing of the others, and only the optimizer's step needs it.</summary>
    Aside,

    /// <summary>The optimizer's step, for gradients that are such sums.</summary>
    Update,
}

/// <summary>Calls as one.</summary>
/// <param name="Run">Makes the calls.</param>
/// <param name="Bind">
/// Has them read another storage, from a byte on, in place of an argument, by its number, until they are told otherwise; null if they cannot.
/// </param>
internal readonly record struct Joined(Action Run, Action<int, Storage, long>? Bind);

/// <summary>The distributions that a back end draws from.</summary>
public enum Distribution
{
    /// <summary>Uniform on [0, 1).</summary>
    Uniform,

    /// <summary>Normal with mean 0 and variance 1.</summary>
    Normal,
}

/// <summary>
/// What a device must be able to do; everything else is built on it. The engine has checked shapes, dtypes and devices before it calls,
/// allocates the result (the last operand), and keeps every storage alive until the call returns. Calls are in order, as on one stream.
/// </summary>
public abstract class Backend
{
    /// <summary>A back end with an empty pool.</summary>
    protected Backend() => Pool = new StoragePool(this);

    /// <summary>A back end over another's memory.</summary>
    private protected Backend(StoragePool pool) => Pool = pool;

    /// <summary>The device's memory.</summary>
    public StoragePool Pool { get; }

    /// <summary>Takes memory from the device.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough; the message names the bytes and the device.</exception>
    public abstract Block Allocate(long bytes);

    /// <summary>Gives memory back to the device.</summary>
    public abstract void Free(Block block);

    /// <summary>Copies bytes from the host to the start of a storage. The source may be reused when the call returns.</summary>
    public abstract void Upload(ReadOnlySpan<byte> source, Storage target);

    /// <summary>Copies bytes from a storage, from the given byte on, to the host, when all work before it is done.</summary>
    public abstract void Download(Storage source, long offset, Span<byte> target);

    /// <summary>The bytes of a storage where they lie, if that is the host's own memory; else nothing. The storage must outlive the span.</summary>
    public virtual ReadOnlySpan<byte> InPlace(Storage source) => default;

    /// <summary>Waits until all work is done; errors of the device come out here at the latest.</summary>
    public abstract void Synchronize();

    /// <summary>Sets every element. For bool any value but 0 is true.</summary>
    public abstract void Fill(double value, Operand y);

    /// <summary>Copies element by element; converts where the dtypes differ (real to integer truncates; to bool: x ≠ 0).</summary>
    public abstract void Copy(Operand x, Operand y);

    /// <summary>y[before + i] = x[i], and 0 elsewhere: x with zeros around it. y is dense, x has its rank and dtype, and fits into it.</summary>
    public virtual void Pad(Operand x, int[] before, Operand y)
    {
        int[] one = new int[before.Length];
        Array.Fill(one, 1);
        Fill(0, y);
        Copy(x, y with { Layout = y.Layout.Sliced(before, one, x.Shape) });
    }

    /// <summary>
    /// y = op(x). All operands have y's shape (by strides of 0 where they were broadcast) and one dtype; integers and bool come with ops
    /// that are defined on them (<see cref="IWhole"/>, <see cref="ILogical"/>) and with no others.
    /// </summary>
    /// <remarks>y may be one of the operands themselves (the same layout), for updates in place; it never overlaps them otherwise.</remarks>
    public abstract void Map<TOp>(TOp op, Operand x, Operand y)
        where TOp : struct, IMap1;

    /// <summary>y = op(a, b).</summary>
    public abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand y)
        where TOp : struct, IMap2;

    /// <summary>y = op(a, b, c).</summary>
    public abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y)
        where TOp : struct, IMap3;

    /// <summary>y = op(a, b, c, d).</summary>
    public abstract void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
        where TOp : struct, IMap4;

    /// <summary>
    /// Changes arrays in place, all of them in one pass: what an optimizer does to its parameters. Everything is of one real dtype; rate and
    /// count have rank 0.
    /// </summary>
    /// <param name="op">What is done at one place.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="count">The number of the step.</param>
    /// <param name="parts">
    /// x, m, v and the gradient g of one parameter after the other; dense, not empty, of one shape for each parameter. What op has no array for
    /// repeats x.
    /// </param>
    public abstract void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts)
        where TOp : struct, IUpdate;

    /// <summary>
    /// Combines along every axis where y has length 1 and x has not; the ranks are equal, y is dense. The dtype is
    /// real, int32 or int64. The order is a tree that depends on the shape alone, so that the result is the same bits every time.
    /// </summary>
    public abstract void Reduce<TMonoid>(TMonoid monoid, Operand x, Operand y)
        where TMonoid : struct, IMonoid;

    /// <summary>
    /// Combines op(a, b) along every axis where y has length 1 and a and b have not; a and b have one shape and any layouts, their dtype is
    /// real. The order is that for op(a, b) as one dense operand.
    /// </summary>
    public virtual void Reduce<TMonoid, TOp>(TMonoid monoid, TOp op, Operand a, Operand b, Operand y)
        where TMonoid : struct, IMonoid
        where TOp : struct, IMap2
    {
        var mapped = new Operand(new Storage(this, (long)a.Shape.Size * a.DType.Size()), new Layout(a.Shape), a.DType);
        if (a.Shape.Size > 0)
        {
            Map(op, a, b, mapped);
        }

        Reduce(monoid, mapped, y);
        Drop(mapped);
    }

    /// <summary>
    /// y[…, k] = the combination of x[…, 0] to x[…, k]. Both are real, of one shape and one dtype, in any layout; y repeats no element and
    /// does not overlap x. The order depends on the shape alone.
    /// </summary>
    public abstract void Scan<TMonoid>(TMonoid monoid, Operand x, Operand y)
        where TMonoid : struct, IMonoid;

    /// <summary>
    /// y[…] = the index (int64) of the greatest element along x's last axis, the first of equals; a NaN is greater than all.
    /// x is of any dtype; its last axis is not empty; y is dense and lacks that axis.
    /// </summary>
    public abstract void ArgMax(Operand x, Operand y);

    /// <summary>
    /// y[…, k] = the index (int64) of the k-th element in order along x's last axis: ascending or descending, the first of equals first, a NaN
    /// greater than all. x is of any dtype; y has x's shape and is dense.
    /// </summary>
    public abstract void ArgSort(bool descending, Operand x, Operand y);

    /// <summary>y[b, i, j] = Σₖ a[b, i, k]·c[b, k, j]: a is B×M×K, c is B×K×N, y is B×M×N and dense. Transposes are strides.
    /// The dtype is real, int32 or int64.</summary>
    public abstract void MatMul(Operand a, Operand c, Operand y);

    /// <summary>
    /// y = op(a·c, b), element by element: a product with its bias and activation. a and c as in the product alone, b in any layout of y's shape;
    /// y is dense and overlaps none of them. The dtype is real.
    /// </summary>
    public virtual void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y)
        where TOp : struct, IMap2
    {
        MatMul(a, c, y);
        Map(op, y, b, y);
    }

    /// <summary>
    /// y[b…, r…, s…] = Σ a[b…, r…, k…]·c[b…, k…, s…] over k…: the product of matrices whose rows and columns are groups of axes. y is dense; a
    /// and c have any layout, that of overlapping windows too, which is what a convolution is. The dtype is real, int32 or int64.
    /// </summary>
    /// <param name="batch">The number of axes b….</param>
    /// <param name="summed">The number of axes k….</param>
    /// <param name="a">The left factor.</param>
    /// <param name="c">The right factor.</param>
    /// <param name="y">The product.</param>
    public virtual void Contract(int batch, int summed, Operand a, Operand c, Operand y)
    {
        Operand left = Matrices(a, batch, a.Shape.Rank - batch - summed, summed), right = Matrices(c, batch, summed, c.Shape.Rank - batch - summed);
        MatMul(left, right, Matrices(y, batch, a.Shape.Rank - batch - summed, c.Shape.Rank - batch - summed));
        DropCopy(left, a);
        DropCopy(right, c);
    }

    /// <summary>y = op(contraction, b), element by element; a and c as in the contraction alone, the rest as in the product of matrices.</summary>
    public virtual void Contract<TOp>(TOp op, int batch, int summed, Operand a, Operand c, Operand b, Operand y)
        where TOp : struct, IMap2
    {
        int rows = a.Shape.Rank - batch - summed, columns = c.Shape.Rank - batch - summed;
        if (b.Layout.Grouped(batch, rows, columns) is { } other)
        {
            Operand left = Matrices(a, batch, rows, summed), right = Matrices(c, batch, summed, columns);
            MatMul(op, left, right, b with { Layout = other }, Matrices(y, batch, rows, columns));
            DropCopy(left, a);
            DropCopy(right, c);
        }
        else
        {
            Contract(batch, summed, a, c, y);
            Map(op, y, b, y);
        }
    }

    /// <summary>
    /// y[b, j, r] = x[b, index[b, j], r]: x is B×N×R, index (int32 or int64) B×M, y B×M×R and dense. An index outside 0..N−1 is an error
    /// where the host can see it, and gives NaN (0 for integers) on a device.
    /// </summary>
    public abstract void Gather(Operand x, Operand index, Operand y);

    /// <summary>
    /// y[b, index[b, j], r] += g[b, j, r] from y = 0, in the order of j; the adjoint of Gather. Real, int32 or int64; y is B×N×R and dense. An index outside
    /// 0..N−1 is an error where the host can see it, and its row is left out on a device.
    /// </summary>
    public abstract void ScatterAdd(Operand g, Operand index, Operand y);

    // Elimination with partial pivoting, which is what determinants and linear equations rest on. Operands have any layout, results are
    // dense. Where the status (int64, one a matrix) is not 0, it counts from 1 where elimination stopped, and y[b] is NaN.

    /// <summary>
    /// y[b] = the factors of x[b]: x is B×M×N, y is B×M×(N + 1). Below the diagonal stands L (whose diagonal is 1), on it and above U, and in
    /// the last column the number of the row of x[b] that came to stand there. A column without a pivot is left as it is.
    /// </summary>
    public abstract void Lu(Operand x, Operand y);

    /// <summary>y[b] = (det x[b], its sign −1, 0 or 1, log |det x[b]|): x is B×N×N, y is B×3. A singular matrix has (0, 0, −∞).</summary>
    public abstract void Determinant(Operand x, Operand y);

    /// <summary>y[b] = a[b]⁻¹·c[b]: a is B×N×N, c and y are B×N×K. The status counts the first pivot that is 0.</summary>
    public abstract void Solve(Operand a, Operand c, Operand y, Operand status);

    /// <summary>
    /// y[b] = a[b]⁻¹·c[b], of a's upper or lower triangle, the only one that is read; with <paramref name="unit"/> its diagonal is taken
    /// for 1. a is B×N×N, c and y are B×N×K. A 0 on the diagonal divides as it may.
    /// </summary>
    public abstract void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y);

    /// <summary>
    /// y[b] = the lower triangle L with L·Lᵀ = x[b], and zeros above; only x's lower triangle is read. B×N×N. The status counts the first
    /// leading minor that is not positive.
    /// </summary>
    public abstract void Cholesky(Operand x, Operand y, Operand status);

    /// <summary>
    /// Fills y (real, dense) with random numbers: <see cref="Numerics.Philox"/> says which element comes from which counter, so that they
    /// are the same on every device.
    /// </summary>
    public abstract void Random(Distribution distribution, ulong seed, ulong counter, Operand y);

    // Factorisations by orthogonal matrices. y is dense, a NaN or an infinity in x[b] makes y[b] NaN, and float32 is as good as its digits.

    /// <summary>
    /// x[b] = Q·R: x is B×M×N with M ≥ N, y is B×N×(M+N), and y[b, k] is column k of Q, then row k of R. R's diagonal is not negative.
    /// </summary>
    public abstract void Qr(Operand x, Operand y);

    /// <summary>
    /// x[b] = V·Λ·Vᵀ: x is B×N×N and symmetric, y is B×N×(N+1), and y[b, k] is an eigenvector, of length 1, and its value. The values ascend.
    /// The first of a vector's large elements, those above 0.6 of the greatest, is positive.
    /// </summary>
    public abstract void Eigh(Operand x, Operand y);

    /// <summary>
    /// x[b] = U·S·Vᵀ: x is B×M×N with M ≥ N, y is B×N×(M+N+1), and y[b, k] is a left singular vector, its sign as for Eigh, a right one,
    /// and their value. The values descend and are not negative. The vectors are orthonormal, also those of the value 0.
    /// </summary>
    public abstract void Svd(Operand x, Operand y);

    // Softmax and its relatives along the last axis, of one pass each way. Operands are real, of one dtype and any layout; results repeat no
    // element and overlap no operand. Where every element of a row is −∞, its softmax is NaN and the gradient of its log Σ exp(x) is 0.

    /// <summary>y = exp(x)/Σ exp(x) along the last axis, or with <paramref name="log"/> its logarithm. x and y have one shape.</summary>
    public abstract void Softmax(bool log, Operand x, Operand y);

    /// <summary>
    /// The gradient of x from the result y of <see cref="Softmax"/> and its gradient g: dx = y·(g − Σ g·y), or g − exp(y)·Σ g of the
    /// logarithm. All have one shape.
    /// </summary>
    public abstract void SoftmaxGradient(bool log, Operand g, Operand y, Operand dx);

    /// <summary>
    /// y[…] = log Σₖ exp(x[…, k]), less x[…, labels[…]] where there are labels. Labels (int32 or int64) and y are dense and lack x's last
    /// axis, which is not empty. A label outside of it is an error where the host can see it, and gives NaN on a device.
    /// </summary>
    public abstract void CrossEntropy(Operand x, Operand? labels, Operand y);

    /// <summary>
    /// dx[…, k] = g[…]·exp(x[…, k])/Σ exp(x[…]), less g[…] at k = labels[…] where there are labels; a label outside takes nothing. dx has
    /// x's shape.
    /// </summary>
    public abstract void CrossEntropyGradient(Operand g, Operand x, Operand? labels, Operand dx);

    /// <summary>
    /// A call that will be made again and again, of <see cref="Map{TOp}(TOp, Operand, Operand)"/>, Reduce, MatMul, Copy, Gather, ScatterAdd,
    /// ArgMax, Softmax, CrossEntropy or their gradients: what can be worked out beforehand is. The caller keeps the operands' storages alive.
    /// </summary>
    internal virtual Action Prepare(Action<Backend> call) => () => call(this);

    /// <summary>Whether a reduction of a map is done without storing what the map gives.</summary>
    internal virtual bool ReducesMaps => false;

    /// <summary>
    /// Whether an optimizer's step of a parameter is made where its gradient, a product, is computed, and that is neither written nor read.
    /// </summary>
    /// <param name="a">The product's left factor.</param>
    /// <param name="x">The parameter.</param>
    internal virtual bool UpdatesByProducts(Operand a, Operand x) => false;

    /// <summary>The optimizer's step of a parameter x, of which it keeps m and v, for the gradient a·c; see <see cref="Update{TOp}"/>.</summary>
    internal virtual void UpdateByProduct<TOp>(TOp op, Operand rate, Operand count, Operand x, Operand m, Operand v, Operand a, Operand c)
        where TOp : struct, IUpdate => throw new NotSupportedException("This device makes an optimizer's step of gradients alone.");

    /// <summary>Whether what is added to a product is worth a call of its own where nothing is recorded; a device would compile one more kernel.</summary>
    internal virtual bool AddsInProducts => false;

    /// <summary>Whether <see cref="Pad"/> is one pass, and not several calls that are better noted each for itself.</summary>
    internal virtual bool PadsAtOnce => false;

    /// <summary>The bytes of dropped results from which on the pool may look for them early; 0 where no cache is the better for it.</summary>
    internal virtual long CachedBytes => 0;

    /// <summary>Three groups of axes as one each: the operand itself, or a dense copy where it does not lie so, for <see cref="DropCopy"/>.</summary>
    private protected Operand Matrices(Operand x, params ReadOnlySpan<int> groups)
    {
        if (x.Layout.Grouped(groups) is { } layout)
        {
            return x with { Layout = layout };
        }

        var copy = new Operand(new Storage(this, (long)x.Shape.Size * x.DType.Size()), new Layout(x.Shape), x.DType);
        Copy(x, copy);
        return copy with { Layout = copy.Layout.Grouped(groups)! };
    }

    /// <summary>Gives back the copy of x that was made, if one was.</summary>
    private protected void DropCopy(Operand copy, Operand x)
    {
        if (copy.Storage != x.Storage)
        {
            Drop(copy);
        }
    }

    /// <summary>Gives back memory that only the calls made so far read and write.</summary>
    protected virtual void Drop(Operand scratch) => scratch.Storage.Release();

    /// <summary>Whether <see cref="Prepare"/> and <see cref="Join"/> take every call that gives the device its work and reads nothing back.</summary>
    internal virtual bool PreparesAll => false;

    /// <summary>
    /// Calls as one: a device that can be given all of its work at once is, and may put together what does not wait for each other. The caller
    /// keeps the operands' storages alive.
    /// </summary>
    /// <param name="jobs">The calls.</param>
    /// <param name="arguments">What the calls only read, from the first byte on, and shall read elsewhere from time to time.</param>
    internal virtual Joined Join(Job[] jobs, Storage[] arguments)
    {
        var calls = jobs.SelectMany(job => job.Calls).Select(Prepare).ToArray();
        return new(
            () =>
            {
                foreach (var call in calls)
                {
                    call();
                }
            },
            null);
    }

    /// <summary>Runs a function, and meanwhile compiles the kernels that it needs on all cores at once; each is told as it is ready.</summary>
    internal virtual void WarmUp(Action body, Action<CompiledKernel> watcher) => body();

    /// <summary>Gives the device itself back: nothing but memory is asked of this back end afterwards, and that it is given back.</summary>
    internal virtual void Close()
    {
    }

    /// <summary>The kernels that were compiled for the device so far, in order; none where there is nothing to compile.</summary>
    public virtual IReadOnlyList<CompiledKernel> CompiledKernels => [];

    /// <summary>The library of the device's maker that computes products of matrices of so many multiplications; null where our own kernel does.</summary>
    internal virtual string? LibraryOfProducts(long multiplications) => null;

    /// <summary>What the device turned out to do, or not to be able to do and what is done in its place; null where nothing was tried.</summary>
    public virtual string? Remark => null;
}
