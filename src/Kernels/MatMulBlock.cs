namespace Gpu.Autograd.Kernels;

/// <summary>Four neighbours, read and written at once: 16 bytes of float32.</summary>
public readonly struct Quad<T>(T v0, T v1, T v2, T v3)
    where T : unmanaged, IReal<T>
{
    /// <summary>The first.</summary>
    public readonly T V0 = v0;

    /// <summary>The second.</summary>
    public readonly T V1 = v1;

    /// <summary>The third.</summary>
    public readonly T V2 = v2;

    /// <summary>The fourth.</summary>
    public readonly T V3 = v3;

    /// <summary>this + a·c.</summary>
    public Quad<T> Plus(T a, Quad<T> c) => new((a * c.V0) + V0, (a * c.V1) + V1, (a * c.V2) + V2, (a * c.V3) + V3);
}

/// <summary>
/// The elements of y that one thread has in registers: a square of quads. ILGPU unrolls no loops, so they are written out. Where a block has
/// several quads along a side, they stand a step apart, so that neighbouring threads read neighbours in shared memory and write neighbours in y.
/// </summary>
public interface IBlock<T, B>
    where T : unmanaged, IReal<T>
    where B : struct, IBlock<T, B>
{
    /// <summary>Quads along a side.</summary>
    static abstract int Quads { get; }

    /// <summary>
    /// Lines that are taken at once, 2 or 4: the more, the less it counts to say where they lie, but each line takes registers of its own.
    /// </summary>
    static abstract int Depth { get; }

    /// <summary>
    /// this + the outer products of <see cref="Depth"/> lines: the first begin at l of the left and at r of the right panel. All is counted in quads;
    /// from line to line it is a pitch, from one quad of a line to the next it is down and across: four constants.
    /// </summary>
    B Plus<M>(M left, int l, int pitchL, int down, M right, int r, int pitchR, int across)
        where M : struct, IMemory;

    /// <summary>Writes the first row to memory, from a quad on.</summary>
    void Share<M>(M shared, int at, int across)
        where M : struct, IMemory;

    /// <summary>The block whose first row is the second of this one, and so on.</summary>
    B Next();
}

/// <summary>4 × 4 elements.</summary>
public readonly struct Block4<T>(Quad<T> y0, Quad<T> y1, Quad<T> y2, Quad<T> y3) : IBlock<T, Block4<T>>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public static int Quads => 1;

    /// <summary>this + a·cᵀ.</summary>
    public Block4<T> Plus(Quad<T> a, Quad<T> c) => new(y0.Plus(a.V0, c), y1.Plus(a.V1, c), y2.Plus(a.V2, c), y3.Plus(a.V3, c));

    /// <inheritdoc/>
    public static int Depth => 4;

    /// <inheritdoc/>
    public Block4<T> Plus<M>(M left, int l, int pitchL, int down, M right, int r, int pitchR, int across)
        where M : struct, IMemory =>
        Plus(left.Load<Quad<T>>(l, 0), right.Load<Quad<T>>(r, 0))
            .Plus(left.Load<Quad<T>>(l, pitchL), right.Load<Quad<T>>(r, pitchR))
            .Plus(left.Load<Quad<T>>(l, 2 * pitchL), right.Load<Quad<T>>(r, 2 * pitchR))
            .Plus(left.Load<Quad<T>>(l, 3 * pitchL), right.Load<Quad<T>>(r, 3 * pitchR));

    /// <inheritdoc/>
    public void Share<M>(M shared, int at, int across)
        where M : struct, IMemory => shared.Store(at, y0);

    /// <inheritdoc/>
    public Block4<T> Next() => new(y1, y2, y3, y0);

    /// <summary>The same, with the row that comes last.</summary>
    public Block4<T> Next(Block4<T> below) => new(y1, y2, y3, below.First);

    /// <summary>The first row.</summary>
    public Quad<T> First => y0;
}

/// <summary>8 × 8 elements.</summary>
public readonly struct Block8<T>(Block4<T> y00, Block4<T> y01, Block4<T> y10, Block4<T> y11) : IBlock<T, Block8<T>>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public static int Quads => 2;

    /// <inheritdoc/>
    public static int Depth => 2;

    /// <inheritdoc/>
    public Block8<T> Plus<M>(M left, int l, int pitchL, int down, M right, int r, int pitchR, int across)
        where M : struct, IMemory =>
        PlusLine(left, l, 0, down, right, r, 0, across).PlusLine(left, l, pitchL, down, right, r, pitchR, across);

    /// <inheritdoc/>
    public void Share<M>(M shared, int at, int across)
        where M : struct, IMemory
    {
        y00.Share(shared, at, across);
        y01.Share(shared, at + across, across);
    }

    /// <inheritdoc/>
    public Block8<T> Next() => new(y00.Next(y10), y01.Next(y11), y10.Next(), y11.Next());

    private Block8<T> PlusLine<M>(M left, int l, int lineL, int down, M right, int r, int lineR, int across)
        where M : struct, IMemory
    {
        Quad<T> a0 = left.Load<Quad<T>>(l, lineL), a1 = left.Load<Quad<T>>(l, lineL + down);
        Quad<T> c0 = right.Load<Quad<T>>(r, lineR), c1 = right.Load<Quad<T>>(r, lineR + across);
        return new(y00.Plus(a0, c0), y01.Plus(a0, c1), y10.Plus(a1, c0), y11.Plus(a1, c1));
    }
}
