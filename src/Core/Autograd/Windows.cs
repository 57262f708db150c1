namespace Gpu.Autograd.Autograd;

/// <summary>Windows along an axis.</summary>
/// <param name="Axis">The axis.</param>
/// <param name="Count">How many windows there are.</param>
/// <param name="Step">From the start of one to that of the next.</param>
/// <param name="Size">The elements of one.</param>
/// <param name="Dilation">From one element of a window to the next.</param>
internal readonly record struct Window(int Axis, int Count, int Step, int Size, int Dilation)
{
    /// <summary>The number of windows that lie in an axis whole; 0 where it is shorter than one.</summary>
    public static int CountIn(int length, int step, int size, int dilation)
    {
        int left = length - Reach(size, dilation);
        return left < 0 ? 0 : (left / step) + 1;
    }

    /// <summary>From the first to the last element of a window, both counted.</summary>
    public static int Reach(int size, int dilation) => ((size - 1) * dilation) + 1;
}

/// <summary>
/// Windows along some axes, each axis with one more at the end for the place in its windows. A view: where windows overlap, its elements lie
/// at the same places.
/// </summary>
internal sealed class Unfold(Shape from, Window[] windows) : Linear
{
    public override string Name => "Unfold";

    public override Linear Adjoint => new Fold(windows, from);

    public override Primitive Batched(int size) => new Unfold(Longer(size, from), Fold.Moved(windows));

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(Fold.Windows(x[0].Layout, windows));
}

/// <summary>
/// Adds windows up where they overlap. One place of all windows after another, so that the order of additions is always the same and no two
/// of one launch meet.
/// </summary>
internal sealed class Fold(Window[] windows, Shape to) : Linear
{
    public override string Name => "Fold";

    public override Linear Adjoint => new Unfold(to, windows);

    public override Primitive Batched(int size) => new Fold(Moved(windows), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Zeros(to, x[0].DType, x[0].Device);
        if (x[0].Count == 0)
        {
            return y;
        }

        if (Array.TrueForAll(windows, window => Window.Reach(window.Size, window.Dilation) <= window.Step))
        {
            Launch.Into(y.View(Windows(y.Layout, windows)), static (backend, x, y) => backend.Copy(x, y), x[0]);
            return y;
        }

        var places = new Shape([.. windows.Select(window => window.Size)]);
        for (int i = 0; i < places.Size; i++)
        {
            Add(y, x[0], places.Position(i));
        }

        return y;
    }

    /// <summary>The layout with the windows' axes.</summary>
    internal static Layout Windows(Layout layout, Window[] windows) => windows.Aggregate(
        layout, (layout, window) => layout.Unfolded(window.Axis, window.Count, window.Step, window.Size, window.Dilation));

    /// <summary>The same windows where there is one axis more, the first.</summary>
    internal static Window[] Moved(Window[] windows) => Array.ConvertAll(windows, window => window with { Axis = window.Axis + 1 });

    /// <summary>Adds the elements at one place in each window.</summary>
    private void Add(Tensor y, Tensor x, int[] place)
    {
        var start = new int[to.Rank];
        var step = new int[to.Rank];
        Array.Fill(step, 1);
        for (int k = 0; k < windows.Length; k++)
        {
            start[windows[k].Axis] = place[k] * windows[k].Dilation;
            step[windows[k].Axis] = windows[k].Step;
        }

        var shape = new Shape(x.Shape.Lengths[..to.Rank]);
        var part = y.View(y.Layout.Sliced(start, step, shape));
        var strides = x.Layout.Strides;
        int offset = x.Layout.Offset;
        for (int k = 0; k < windows.Length; k++)
        {
            offset += place[k] * strides[to.Rank + k];
        }

        Launch.Overwrite(part, default(Ops.Add), part, x.View(new Layout(shape, [.. strides[..to.Rank]], offset)));
    }
}
