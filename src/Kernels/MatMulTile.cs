namespace Gpu.Autograd.Kernels;

/// <summary>How the threads of a group that multiplies matrices stand over its tile. A type, so that its numbers are constants to the compiler.</summary>
public interface IRaster
{
    /// <summary>Threads along the tile's columns.</summary>
    static abstract int Down { get; }

    /// <summary>Threads along the tile's rows, a divisor of Down.</summary>
    static abstract int Across { get; }
}

/// <summary>256 threads.</summary>
public readonly struct Raster16x16 : IRaster
{
    /// <inheritdoc/>
    public static int Down => 16;

    /// <inheritdoc/>
    public static int Across => 16;
}

/// <summary>64 threads.</summary>
public readonly struct Raster8x8 : IRaster
{
    /// <inheritdoc/>
    public static int Down => 8;

    /// <inheritdoc/>
    public static int Across => 8;
}

/// <summary>64 threads, for tall tiles.</summary>
public readonly struct Raster16x4 : IRaster
{
    /// <inheritdoc/>
    public static int Down => 16;

    /// <inheritdoc/>
    public static int Across => 4;
}

/// <summary>
/// y = a·c, a group a tile of y, a thread a block of it. The group walks the depth in steps: while it multiplies what is in one half of its
/// shared memory, every thread already reads a quad of either factor for the next step, which goes to the other half. So there is one barrier
/// a step, and reading is hidden behind multiplying.
/// </summary>
/// <remarks>
/// Shared memory holds a step as lines along the tile, whatever the layout of the factor, and each is four elements longer than the tile: a
/// quad that lies along the depth is written across lines, and these would else be in one bank. With several pieces the depth is cut into as
/// many parts, and matrix p·batches + b of y is part p of batch b.
/// </remarks>
public readonly struct MatMulTile<T, M, A, C, B, S, R>(
    A a, C c, R y, int down, int across, int batches, int depth, int part) : IGroupKernel<M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where A : struct, IPanel
    where C : struct, IPanel
    where B : struct, IBlock<T, B>
    where S : struct, IRaster
    where R : struct, IResult<T>
{
    /// <summary>Rows of a tile.</summary>
    public static int Rows => 4 * B.Quads * S.Down;

    /// <summary>Columns of a tile.</summary>
    public static int Columns => 4 * B.Quads * S.Across;

    /// <summary>The depth of a step: as much as the threads can read with one quad each. Quads that lie along it need 4.</summary>
    public static int Step => S.Across / B.Quads;

    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M left = G.Shared<T>(2 * Step * (Rows + 4));
        M right = G.Shared<T>(2 * Step * (Columns + 4));
        int local = G.Local;
        int line = group / across;
        int column = (group - (line * across)) * Columns;
        int batch = line / down;
        int row = (line - (batch * down)) * Rows;
        int piece = batch / batches;
        int startA = a.Start(batch - (piece * batches));
        int startC = c.Start(batch - (piece * batches));
        int from = piece * part;
        int end = depth - from < part ? depth : from + part;

        // The quads that this thread reads and puts into shared memory; of the narrower factor there are fewer than threads.
        int e = local;
        int lineA = a.Along ? e / (Step / 4) : e % (Rows / 4) * 4;
        int depthA = a.Along ? e % (Step / 4) * 4 : e / (Rows / 4);
        int toA = (depthA * (Rows + 4)) + lineA;
        e = local % (Columns / 4 * Step);
        int lineC = c.Along ? e / (Step / 4) : e % (Columns / 4) * 4;
        int depthC = c.Along ? e % (Step / 4) * 4 : e / (Columns / 4);
        int toC = (depthC * (Columns + 4)) + lineC;

        Quad<T> nextA = a.Load<T>(startA, row + lineA, from + depthA, end);
        Quad<T> nextC = c.Load<T>(startC, column + lineC, from + depthC, end);
        Share(left, toA, Rows + 4, a.Along, nextA);
        if (local == e)
        {
            Share(right, toC, Columns + 4, c.Along, nextC);
        }

        Groups.Meet<G, M>();
        int ty = local / S.Across;
        int tx = local - (ty * S.Across);
        B sum = default;
        int half = 0;
        int k = from;

        // There is a step at least, and it is better said: a barrier that may be passed by is what some compilers write out for every case.
        do
        {
            nextA = a.Load<T>(startA, row + lineA, k + Step + depthA, end);
            nextC = c.Load<T>(startC, column + lineC, k + Step + depthC, end);
            int l = (half * Step * ((Rows / 4) + 1)) + ty;
            int r = (half * Step * ((Columns / 4) + 1)) + tx;
            int q = 0;
            do
            {
                sum = sum.Plus(left, l, (Rows / 4) + 1, S.Down, right, r, (Columns / 4) + 1, S.Across);
                l += B.Depth * ((Rows / 4) + 1);
                r += B.Depth * ((Columns / 4) + 1);
                q += B.Depth;
            }
            while (q < Step);

            half = 1 - half;
            Share(left, toA + (half * Step * (Rows + 4)), Rows + 4, a.Along, nextA);
            if (local == e)
            {
                Share(right, toC + (half * Step * (Columns + 4)), Columns + 4, c.Along, nextC);
            }

            Groups.Meet<G, M>();
            k += Step;
        }
        while (k < end);

        // A row of every block after the other goes through shared memory: neighbouring threads then write neighbours, and what follows the
        // product stands in the code once, not for each element of the block.
        int i = 0;
        do
        {
            sum.Share(left, (ty * (Columns / 4)) + tx, S.Across);
            sum = sum.Next();
            G.Barrier();
            for (int at = local; at < S.Down * (Columns / 4); at += S.Down * S.Across)
            {
                int down4 = at / (Columns / 4);
                int across4 = at - (down4 * (Columns / 4));
                y.Put(batch, row + (i / 4 * 4 * S.Down) + (4 * down4) + (i % 4), column + (4 * across4), left.Load<Quad<T>>(at));
            }

            G.Barrier();
            i++;
        }
        while (i < 4 * B.Quads);
    }

    private static void Share(M shared, int at, int pitch, bool along, Quad<T> v)
    {
        if (along)
        {
            shared.Store(at, v.V0);
            shared.Store(at + pitch, v.V1);
            shared.Store(at + (2 * pitch), v.V2);
            shared.Store(at + (3 * pitch), v.V3);
        }
        else
        {
            shared.Store(at / 4, v);
        }
    }
}
