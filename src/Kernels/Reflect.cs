namespace Gpu.Autograd.Kernels;

/// <summary>
/// The reflections of x = Q·R: row k of the memory, of N rows of length M a matrix, is column k of x; from its element k on it becomes the
/// v of I − β·v·vᵀ, which maps the rest of the column to a multiple of its first element.
/// </summary>
public readonly struct Reflections<T, E, M>(M memory, M factors, int count, int length)
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <summary>The number of reflections, N.</summary>
    public int Count => count;

    /// <summary>The length of a column, M.</summary>
    public int Length => length;

    /// <summary>Element i of column k.</summary>
    public T Load(int batch, int k, int i) => memory.Load<T>((((batch * count) + k) * length) + i);

    /// <summary>Writes element i of column k.</summary>
    public void Store(int batch, int k, int i, T value) => memory.Store((((batch * count) + k) * length) + i, value);

    /// <summary>The β of a reflection.</summary>
    public T Factor(int batch, int k) => factors.Load<T>(2 * ((batch * count) + k));

    /// <summary>What it makes of the column: the diagonal of R.</summary>
    public T Head(int batch, int k) => factors.Load<T>((2 * ((batch * count) + k)) + 1);

    /// <summary>Sets both.</summary>
    public void Set(int batch, int k, T factor, T head)
    {
        factors.Store(2 * ((batch * count) + k), factor);
        factors.Store((2 * ((batch * count) + k)) + 1, head);
    }
}

/// <summary>Makes the first element NaN where any is not finite, a thread a matrix: the first reflection spreads it.</summary>
public readonly struct SpoilColumns<T, E, M>(Reflections<T, E, M> work) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        T spoilt = T.Zero;
        for (int k = 0; k < work.Count; k++)
        {
            for (int at = 0; at < work.Length; at++)
            {
                T value = work.Load(i, k, at);
                spoilt = spoilt + (value - value);
            }
        }

        work.Store(i, 0, 0, work.Load(i, 0, 0) + spoilt);
    }
}

/// <summary>Makes reflection k, a thread a matrix.</summary>
public readonly struct MakeReflection<T, E, M>(Reflections<T, E, M> work, int k) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        // By the greatest element, so that no square is lost.
        T greatest = T.Zero;
        for (int at = k + 1; at < work.Length; at++)
        {
            T magnitude = T.Abs(work.Load(i, k, at));
            greatest = T.IfLess(greatest, magnitude, magnitude, greatest);
        }

        T head = work.Load(i, k, k);
        if (!E.Less(T.Zero, greatest) && !E.IsNaN(head))
        {
            work.Set(i, k, T.Zero, head);
            return;
        }

        greatest = T.IfLess(greatest, T.Abs(head), T.Abs(head), greatest);
        T first = head / greatest;
        T sum = first * first;
        for (int at = k + 1; at < work.Length; at++)
        {
            T element = work.Load(i, k, at) / greatest;
            work.Store(i, k, at, element);
            sum = sum + (element * element);
        }

        T alpha = T.IfLess(T.Zero, first, -T.Sqrt(sum), T.Sqrt(sum));
        work.Store(i, k, k, first - alpha);
        work.Set(i, k, -(T.One / (alpha * (first - alpha))), alpha * greatest);
    }
}

/// <summary>Applies reflection k to rows from a given one on, a thread a row: x ← x − β·v·(vᵀ·x).</summary>
public readonly struct ApplyReflection<T, E, M>(Reflections<T, E, M> work, int k, M rows, int from, int step) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / (work.Count - from);
        int row = from + i - (batch * (work.Count - from));
        int start = ((batch * work.Count) + row) * step;
        T sum = T.Zero;
        for (int at = k; at < work.Length; at++)
        {
            sum = sum + (work.Load(batch, k, at) * rows.Load<T>(start + at));
        }

        sum = sum * work.Factor(batch, k);
        for (int at = k; at < work.Length; at++)
        {
            rows.Store(start + at, rows.Load<T>(start + at) - (sum * work.Load(batch, k, at)));
        }
    }
}

/// <summary>y before the reflections are applied to it: rows of the unit matrix, and R behind them; a thread an element.</summary>
public readonly struct StartQr<T, E, M>(Reflections<T, E, M> work, M y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int width = work.Length + work.Count;
        int line = i / width;
        int at = i - (line * width);
        int batch = line / work.Count;
        int k = line - (batch * work.Count);
        int column = at - work.Length;
        T head = work.Head(batch, k);
        T value = at == k ? T.One : head - head;
        if (column >= k)
        {
            value = column == k ? head : work.Load(batch, column, k);
        }

        y.Store(i, value);
    }
}

/// <summary>Makes R's diagonal positive, a thread a row.</summary>
public readonly struct PointQr<T, E, M>(Reflections<T, E, M> work, M y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / work.Count;
        int k = i - (batch * work.Count);
        int width = work.Length + work.Count;
        for (int at = 0; E.Less(work.Head(batch, k), T.Zero) && at < width; at++)
        {
            if (at < work.Length || at >= work.Length + k)
            {
                y.Store((i * width) + at, -y.Load<T>((i * width) + at));
            }
        }
    }
}
