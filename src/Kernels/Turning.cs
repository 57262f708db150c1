namespace Gpu.Autograd.Kernels;

/// <summary>
/// The rows that Jacobi's method turns, two at a time, for each matrix of a batch: w, which begins as a column of x, and
/// behind it v, which begins as the unit vector and takes part in every turn. So w = x·v all the time.
/// </summary>
/// <remarks>
/// For singular values the w are made orthogonal to each other. For eigenvalues of a symmetric x each w is made orthogonal to the other v,
/// which is to say that vᵀ·x·v is made diagonal. Only the products differ: <paramref name="left"/> says where their left factor begins, at w
/// or at v.
/// </remarks>
/// <param name="memory">The rows.</param>
/// <param name="scales">Of each matrix a factor that was taken out, or NaN where it has an element that is not finite; then the norm of w.</param>
/// <param name="rows">The number of rows, and the length of v.</param>
/// <param name="length">The length of w.</param>
/// <param name="left">0 for singular values, the length of w for eigenvalues.</param>
/// <param name="epsilon">The distance from 1 to the next number.</param>
public readonly struct TurningRows<T, E, M>(M memory, M scales, int rows, int length, int left, Number epsilon)
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <summary>The number of rows, and the length of v.</summary>
    public int Rows => rows;

    /// <summary>The length of w.</summary>
    public int Length => length;

    /// <summary>Whether these are for eigenvalues.</summary>
    public bool IsSymmetric => left > 0;

    /// <summary>Element k of w, and from its length on of v.</summary>
    public T Load(int batch, int row, int k) => memory.Load<T>((((batch * rows) + row) * (length + rows)) + k);

    /// <summary>Writes element k of w, and from its length on of v.</summary>
    public void Store(int batch, int row, int k, T value) => memory.Store((((batch * rows) + row) * (length + rows)) + k, value);

    /// <summary>The factor that was taken out.</summary>
    public T Scale(int batch) => scales.Load<T>(2 * batch);

    /// <summary>√Σ w².</summary>
    public T Norm(int batch) => scales.Load<T>((2 * batch) + 1);

    /// <summary>Sets both.</summary>
    public void SetScale(int batch, T scale, T norm)
    {
        scales.Store(2 * batch, scale);
        scales.Store((2 * batch) + 1, norm);
    }

    /// <summary>Whether a row of w is 0, but for rounding.</summary>
    public bool IsNull(int batch, T value) => !E.Less(T.Const(4) * T.Param(epsilon) * Norm(batch), value);

    /// <summary>The product of a left factor with the w of a row.</summary>
    public T Product(int batch, int p, int q)
    {
        T sum = T.Zero;
        for (int k = 0; k < length; k++)
        {
            sum = sum + (Load(batch, p, left + k) * Load(batch, q, k));
        }

        return sum;
    }

    /// <summary>Turns two rows so that their product is 0; 0 if it was already, else 1.</summary>
    public int Turn(int batch, int p, int q)
    {
        T alpha = Product(batch, p, p);
        T beta = Product(batch, q, q);
        T gamma = Product(batch, p, q);
        T norm = T.Param(epsilon) * Norm(batch);
        T least = T.Sqrt(T.IfLess(alpha, beta, alpha, beta));
        T allowed = IsSymmetric ? norm : T.Const(2) * T.Param(epsilon) * T.Sqrt(alpha) * T.Sqrt(beta);
        if (!E.Less(allowed, T.Abs(gamma)) || (!IsSymmetric && !E.Less(norm, least)))
        {
            return 0;
        }

        T zeta = (beta - alpha) / (gamma + gamma);
        T t = T.One / (T.Abs(zeta) + T.Sqrt(T.One + (zeta * zeta)));
        T c = T.One / T.Sqrt(T.One + (t * t));
        T s = T.IfLess(zeta, T.Zero, -(c * t), c * t);
        for (int k = 0; k < length + rows; k++)
        {
            T a = Load(batch, p, k);
            T b = Load(batch, q, k);
            Store(batch, p, k, (c * a) - (s * b));
            Store(batch, q, k, (s * a) + (c * b));
        }

        return 1;
    }
}

/// <summary>Sets scale and norm of each matrix, a thread a matrix. Only very great and very small ones have a scale other than 1.</summary>
public readonly struct TurnScale<T, E, M>(Matrices<M> x, TurningRows<T, E, M> work, Number least, Number greatest) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int start = x.Start(i);
        T scale = T.Zero;
        T spoilt = T.Zero;
        for (int at = 0; at < x.Rows * x.Columns; at++)
        {
            T value = x.Load<T>(start, at / x.Columns, at % x.Columns);
            spoilt = spoilt + (value - value);
            scale = T.IfLess(scale, T.Abs(value), T.Abs(value), scale);
        }

        bool isPlain = !E.Less(scale, T.Param(least)) && !E.Less(T.Param(greatest), scale);
        scale = isPlain || !E.Less(T.Zero, scale) ? T.One : scale;
        T sum = T.Zero;
        for (int at = 0; at < x.Rows * x.Columns; at++)
        {
            T value = x.Load<T>(start, at / x.Columns, at % x.Columns) / scale;
            sum = sum + (value * value);
        }

        work.SetScale(i, scale + spoilt, T.Sqrt(sum));
    }
}

/// <summary>The rows before the first turn, a thread an element. x has the rows.</summary>
public readonly struct TurnStart<T, E, M>(Matrices<M> x, TurningRows<T, E, M> work) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / (work.Length + work.Rows);
        int k = i - (line * (work.Length + work.Rows));
        int batch = line / work.Rows;
        int row = line - (batch * work.Rows);
        if (k < work.Length)
        {
            work.Store(batch, row, k, x.Load<T>(x.Start(batch), row, k) / work.Scale(batch));
        }
        else
        {
            work.Store(batch, row, k, k - work.Length == row ? T.One : T.Zero);
        }
    }
}

/// <summary>All the turns of a matrix, a thread a matrix: for small ones.</summary>
public readonly struct TurnAll<T, E, M>(TurningRows<T, E, M> work, int sweeps) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int turned = 1;
        for (int sweep = 0; sweep < sweeps && turned > 0; sweep++)
        {
            turned = 0;
            for (int p = 0; p < work.Rows; p++)
            {
                for (int q = p + 1; q < work.Rows; q++)
                {
                    turned += work.Turn(i, p, q);
                }
            }
        }
    }
}

/// <summary>
/// A round of a tournament of the rows: pairs that have no row in common, a thread a pair. After one round less than there are places (the
/// rows, and one that stays empty if they are odd) every row has met every other. Adds what was turned to the pair's count.
/// </summary>
public readonly struct TurnRound<T, E, M>(TurningRows<T, E, M> work, M counts, int round, int places) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / (places / 2);
        int pair = i - (batch * (places / 2));
        int p = (round + pair) % (places - 1);
        int q = pair == 0 ? places - 1 : (round - pair + places - 1) % (places - 1);
        if (p < work.Rows && q < work.Rows)
        {
            counts.Store(i, counts.Load<int>(i) + work.Turn(batch, p < q ? p : q, p < q ? q : p));
        }
    }
}

/// <summary>The eigenvalue or singular value of each row, a thread a row.</summary>
public readonly struct TurnValue<T, E, M>(TurningRows<T, E, M> work, M values) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / work.Rows;
        int row = i - (batch * work.Rows);
        T value = work.Product(batch, row, row);
        values.Store(i, work.IsSymmetric ? value : T.Sqrt(value));
    }
}
