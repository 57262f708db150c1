using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// How a kernel is moved along an axis: place i of the result and place k of the kernel belong to place j = i·Step + k·Dilation − Padding of
/// the input, which is 0 where it is outside.
/// </summary>
/// <param name="Input">The number of places j.</param>
/// <param name="Kernel">The number of places k.</param>
/// <param name="Result">The number of places i.</param>
/// <param name="Step">From one place of the kernel to the next.</param>
/// <param name="Dilation">From one element of the kernel to the next.</param>
/// <param name="Padding">The zeros before the input.</param>
internal readonly record struct Sweep(int Input, int Kernel, int Result, int Step, int Dilation, int Padding);

/// <summary>The three tensors of a convolution: any two give the third.</summary>
internal enum ConvolutionPart
{
    /// <summary>y[n, g, o, i] = Σ x[n, g, c, j]·w[g, o, c, k] over c and k: the convolution, of x and w.</summary>
    Result,

    /// <summary>x[n, g, c, j] = Σ y[n, g, o, i]·w[g, o, c, k] over o, k and i: the transposed convolution, of y and w.</summary>
    Input,

    /// <summary>w[g, o, c, k] = Σ y[n, g, o, i]·x[n, g, c, j] over n and i: the gradient of the weights, of y and x.</summary>
    Weight,
}

/// <summary>
/// Σ x[n, g, c, j]·w[g, o, c, k]·y[n, g, o, i] over all j, k and i that belong together is linear in each of three tensors; this is its derivative
/// in one of them, for the two others. So the derivatives of each are the other two. g are groups; all have the same batch axes in front of theirs.
/// The result may have a bias b[g, o] as a third operand.
/// </summary>
/// <remarks>
/// Each is a product of matrices whose rows and columns are groups of axes, of which one factor is the windows of a tensor: a view. No
/// matrix of columns is made (<see cref="Backend.Contract(int, int, Operand, Operand, Operand)"/>).
/// </remarks>
internal sealed class Convolution(ConvolutionPart part, int batch, Sweep[] axes) : Primitive
{
    public override string Name => part switch
    {
        ConvolutionPart.Result => "Convolution",
        ConvolutionPart.Input => "TransposedConvolution",
        _ => "ConvolutionWeights",
    };

    public override uint Reads => Bit(0) | Bit(1);

    /// <summary>The axes of the result's or the input's places.</summary>
    private int Spatial => axes.Length;

    public override Dependence In(ReadOnlySpan<bool> moving) => moving.Length == 3
        ? Affine.Shared.In(moving)
        : moving.Contains(false) ? Dependence.Linear : Dependence.Nonlinear;

    public override Primitive Batched(int size) => new Convolution(part, batch + 1, axes);

    /// <summary>Of weights that a batch shares, the batch is more samples.</summary>
    public override Tensor OverBatch(int size, Tensor[] x, bool[] mapped)
    {
        if (batch > 0 || part == ConvolutionPart.Weight || mapped[1] || mapped is [_, _, true])
        {
            return base.OverBatch(size, x, mapped);
        }

        var y = Engine.Apply(this, [x[0].Reshape([size * x[0].Shape[1], .. x[0].Shape.Lengths[2..]]), .. x[1..]]);
        return y.Reshape([size, y.Shape[0] / size, .. y.Shape.Lengths[1..]]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(
            Rule.Sum(t[0] is { } ta ? Engine.Apply(this, ta, x[1]) : null, t[1] is { } tw ? Engine.Apply(this, x[0], tw) : null),
            t.Length == 3 && t[2] is { } tb ? tb.Reshape(ForChannels(tb.Shape)).BroadcastTo(y.Shape) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => (part, k) switch
    {
        (ConvolutionPart.Result, 2) => g.Sum([batch, .. Enumerable.Range(batch + 3, Spatial)]),
        (ConvolutionPart.Result, 0) => Engine.Apply(Of(ConvolutionPart.Input), g, x[1]),
        (ConvolutionPart.Result, _) => Engine.Apply(Of(ConvolutionPart.Weight), g, x[0]),
        (ConvolutionPart.Input, 0) => Engine.Apply(Of(ConvolutionPart.Result), g, x[1]),
        (ConvolutionPart.Input, _) => Engine.Apply(Of(ConvolutionPart.Weight), x[0], g),
        (_, 0) => Engine.Apply(Of(ConvolutionPart.Result), x[1], g),
        _ => Engine.Apply(Of(ConvolutionPart.Input), x[0], g),
    };

    public override Tensor Value(ReadOnlySpan<Tensor> x) => part switch
    {
        ConvolutionPart.Result => ResultOf(x[0], x[1], x.Length == 3 ? x[2] : null),
        ConvolutionPart.Input => InputOf(x[0], x[1]),
        _ => WeightOf(x[0], x[1]),
    };

    private Convolution Of(ConvolutionPart other) => new(other, batch, axes);

    private Tensor ResultOf(Tensor x, Tensor w, Tensor? b)
    {
        var reads = Array.ConvertAll(axes, axis => new Read(axis.Result, axis.Step, axis.Kernel, axis.Dilation, -axis.Padding));
        using var windows = new Windows(x, reads);
        int[] to = [.. x.Shape.Lengths[..(batch + 2)], w.Shape.Lengths[batch + 1], .. axes.Select(axis => axis.Result)];

        // [v, n, g | o | c, k]·[v, n, g | c, k | i]
        return Product(batch + 2, 1 + Spatial, w, ForSamples(w.Layout, x), windows.Source, Ordered(windows.Of(reads), batch + 3, Spatial), to, b);
    }

    /// <summary>A number a channel, [v, g, o], with the axes of samples and places.</summary>
    private int[] ForChannels(Shape b) => [.. b.Lengths[..batch], 1, .. b.Lengths[batch..], .. Enumerable.Repeat(1, Spatial)];

    private Tensor WeightOf(Tensor y, Tensor x)
    {
        var reads = Array.ConvertAll(axes, axis => new Read(axis.Result, axis.Step, axis.Kernel, axis.Dilation, -axis.Padding));
        using var windows = new Windows(x, reads);
        int channels = batch + 2;
        int[] ofBatch = [.. Enumerable.Range(0, batch)];
        int[] places = [.. Enumerable.Range(batch + 3, Spatial)];
        int[] to = [.. x.Shape.Lengths[..batch], y.Shape[batch + 1], y.Shape[channels], x.Shape[channels], .. axes.Select(axis => axis.Kernel)];

        // [v, g | o | n, i]·[v, g | n, i | c, k]
        return Product(
            batch + 1, 1 + Spatial,
            y, y.Layout.Permuted([.. ofBatch, batch + 1, channels, batch, .. places]),
            windows.Source, windows.Of(reads).Permuted([.. ofBatch, batch + 1, batch, .. places, channels, .. Enumerable.Range(batch + 3 + Spatial, Spatial)]),
            to);
    }

    /// <summary>
    /// For places of the input that are a multiple of the step apart, the same elements of the kernel count, and the places of the result are
    /// neighbours: these are windows of the result. Where windows do not overlap, and where steps are longer than kernels, the windows
    /// are computed and added up.
    /// </summary>
    private Tensor InputOf(Tensor y, Tensor w)
    {
        int classes = axes.Aggregate(1, (product, axis) => product * Math.Min(axis.Step, axis.Input));
        bool isApart = Array.TrueForAll(axes, axis => Window.Reach(axis.Kernel, axis.Dilation) <= axis.Step);
        int[] to = [.. y.Shape.Lengths[..(batch + 2)], w.Shape[batch + 2], .. axes.Select(axis => axis.Input)];
        if (classes > 1 && (isApart || classes > axes.Aggregate(1, (product, axis) => product * axis.Kernel)))
        {
            return Folded(y, w, to);
        }

        var number = new Shape([.. axes.Select(axis => Math.Min(axis.Step, axis.Input))]);
        var all = new Residue[classes][];
        for (int i = 0; i < classes; i++)
        {
            int[] first = number.Position(i);
            all[i] = [.. axes.Select((axis, k) => Residue.Of(axis, first[k]))];
        }

        Read[][] reads = [.. all.Where(residues => Array.TrueForAll(residues, residue => residue.Taps > 0)).Select(residues => Array.ConvertAll(residues, residue => residue.Read))];
        if (reads.Length == 0)
        {
            return Tensor.Zeros(new Shape(to), y.DType, y.Device);
        }

        using var windows = new Windows(y, reads);
        if (classes == 1)
        {
            return Part(all[0], to);
        }

        var x = Tensor.Zeros(new Shape(to), y.DType, y.Device);
        foreach (var residues in all.Where(residues => Array.TrueForAll(residues, residue => residue.Taps > 0)))
        {
            var ofClass = Part(residues, [.. to[..(batch + 3)], .. residues.Select(residue => residue.Read.Count)]);
            int[] none = new int[batch + 3];
            int[] one = [.. none.Select(_ => 1)];
            var target = x.Layout.Sliced(
                [.. none, .. residues.Select(residue => residue.First)], [.. one, .. axes.Select(axis => axis.Step)], ofClass.Shape);
            Launch.Into(x.View(target), static (backend, x, y) => backend.Copy(x, y), ofClass);
            Launch.Release(ofClass);
        }

        return x;

        // [v, n, g | c | o, k]·[v, n, g | o, k | j]
        Tensor Part(Residue[] residues, int[] lengths)
        {
            int[] none = new int[batch + 3];
            int[] one = [.. none.Select(_ => 1)];
            var taps = w.Layout.Sliced(
                [.. none, .. residues.Select(residue => residue.FirstTap)], [.. one, .. residues.Select(residue => residue.TapStep)],
                new Shape([.. w.Shape.Lengths[..(batch + 3)], .. residues.Select(residue => residue.Taps)]));
            var turned = ForSamples(taps, y);
            int rows = batch + 2;
            turned = turned.Permuted([.. Enumerable.Range(0, rows), rows + 1, rows, .. Enumerable.Range(rows + 2, Spatial)]);
            var read = Array.ConvertAll(residues, residue => residue.Read);
            return Product(batch + 2, 1 + Spatial, w, turned, windows.Source, Ordered(windows.Of(read), batch + 3, Spatial), lengths);
        }
    }

    /// <summary>A window for each place of the result, and the sum of those that overlap.</summary>
    private Tensor Folded(Tensor y, Tensor w, int[] to)
    {
        int rows = batch + 2;
        int lead = batch + 3;
        var turned = ForSamples(w.Layout, y).Permuted([.. Enumerable.Range(0, rows), .. Enumerable.Range(rows + 1, 1 + Spatial), rows]);
        int[] lengths = [.. to[..lead], .. axes.Select(axis => axis.Kernel), .. axes.Select(axis => axis.Result)];
        var columns = Product(batch + 2, 1, w, turned, y, y.Layout, lengths);
        var windows = new Window[Spatial];
        var (start, step, whole) = (new int[lead + Spatial], new int[lead + Spatial], to.AsSpan().ToArray());
        Array.Fill(step, 1);
        for (int k = 0; k < Spatial; k++)
        {
            var axis = axes[k];
            windows[k] = new Window(lead + k, axis.Result, axis.Step, axis.Kernel, axis.Dilation);
            whole[lead + k] = Math.Max(((axis.Result - 1) * axis.Step) + Window.Reach(axis.Kernel, axis.Dilation), axis.Padding + axis.Input);
            start[lead + k] = axis.Padding;
        }

        var layout = Ordered(columns.Layout, lead, Spatial);
        var x = new Fold(windows, new Shape(whole)).Value([columns.View(layout)]);
        Launch.Release(columns);
        return to.AsSpan().SequenceEqual(whole) ? x : x.View(x.Layout.Sliced(start, step, new Shape(to)));
    }

    private Tensor Product(int batch, int summed, Tensor a, Layout ofA, Tensor c, Layout ofC, int[] to, Tensor? b = null)
    {
        bool isEmpty = ofA.Shape.Size == 0 || ofC.Shape.Size == 0;
        var y = isEmpty ? Tensor.Zeros(new Shape(to), a.DType, a.Device) : Tensor.Empty(Layout.RowMajor(to), a.DType, a.Device);
        var bias = b?.View(b.Layout.TryReshape(new Shape(ForChannels(b.Shape)))!.BroadcastTo(y.Shape));
        if (bias is null)
        {
            if (!isEmpty)
            {
                Launch.Contract(batch, summed, a, ofA, c, ofC, y);
            }
        }
        else if (isEmpty)
        {
            Launch.Overwrite(y, default(Ops.Add), y, bias);
        }
        else
        {
            Launch.Contract(batch, summed, a, ofA, c, ofC, bias, y);
        }

        return y;
    }

    /// <summary>The weights with the axis of samples, which share them.</summary>
    private Layout ForSamples(Layout w, Tensor samples)
    {
        var lengths = w.Shape.Lengths;
        return w.TryReshape(new Shape([.. lengths[..batch], 1, .. lengths[batch..]]))!
            .BroadcastTo(new Shape([.. lengths[..batch], samples.Shape[batch], .. lengths[batch..]]));
    }

    /// <summary>The last two groups of axes, the places and the elements of windows, in the other order.</summary>
    private static Layout Ordered(Layout layout, int leading, int axes) => layout.Permuted(
        [.. Enumerable.Range(0, leading), .. Enumerable.Range(leading + axes, axes), .. Enumerable.Range(leading, axes)]);

    /// <summary>What is read along an axis: place a and element b of a window are at Start + a·Step + b·Apart, 0 outside.</summary>
    private readonly record struct Read(int Count, int Step, int Size, int Apart, int Start)
    {
        public int First => Start + Math.Min(0, (Count - 1) * Step) + Math.Min(0, (Size - 1) * Apart);

        public int Last => Start + Math.Max(0, (Count - 1) * Step) + Math.Max(0, (Size - 1) * Apart);
    }

    /// <summary>The places First, First + Step, … of the input: which elements of the kernel count for them, and which places of the result.</summary>
    private readonly record struct Residue(int First, int FirstTap, int TapStep, int Taps, Read Read)
    {
        public static Residue Of(Sweep axis, int first)
        {
            int common = (int)System.Numerics.BigInteger.GreatestCommonDivisor(axis.Step, axis.Dilation);
            int tapStep = axis.Step / common;
            int tap = 0;
            while (tap < tapStep && (first + axis.Padding - (tap * axis.Dilation)) % axis.Step != 0)
            {
                tap++;
            }

            int taps = tap == tapStep ? 0 : Math.Max(0, ((axis.Kernel - 1 - tap) / tapStep) + 1);
            taps = tap >= axis.Kernel ? 0 : taps;
            int count = ((axis.Input - 1 - first) / axis.Step) + 1;
            int start = (first + axis.Padding - (tap * axis.Dilation)) / axis.Step;
            return new Residue(first, tap, tapStep, taps, new Read(count, 1, taps, -axis.Dilation / common, start));
        }
    }

    /// <summary>A tensor, with zeros around its last axes as far as windows reach beyond; what is in no window may be left out.</summary>
    private sealed class Windows : IDisposable
    {
        private readonly Layout layout;
        private readonly int[] before;
        private readonly int[] leading;
        private readonly bool isPadded;

        public Windows(Tensor x, params ReadOnlySpan<Read[]> all)
        {
            int axes = all[0].Length;
            int lead = x.Rank - axes;
            before = new int[axes];
            leading = x.Shape.Lengths[..lead].ToArray();
            int[] lengths = x.Shape.ToArray();
            for (int k = 0; k < axes; k++)
            {
                int last = lengths[lead + k] - 1;
                foreach (var reads in all)
                {
                    before[k] = Math.Max(before[k], -reads[k].First);
                    last = Math.Max(last, reads[k].Last);
                }

                isPadded |= before[k] > 0 || last >= lengths[lead + k];
                lengths[lead + k] = last + 1 + before[k];
            }

            (Source, layout) = (x, x.Layout);
            if (!isPadded)
            {
                return;
            }

            // What is repeated is padded once.
            for (int k = 0; k < lead; k++)
            {
                lengths[k] = x.Layout.Strides[k] == 0 ? 1 : lengths[k];
            }

            var inside = new Shape([.. lengths[..lead], .. x.Shape.Lengths[lead..]]);
            Source = Tensor.Empty(new Shape(lengths), x.DType, x.Device);
            layout = Source.Layout;
            Launch.Pad(x.View(new Layout(inside, x.Layout.Strides.ToArray(), x.Layout.Offset)), [.. new int[lead], .. before], Source);
        }

        /// <summary>The tensor.</summary>
        public Tensor Source { get; }

        /// <summary>Its windows: the leading axes, the places, the elements.</summary>
        public Layout Of(ReadOnlySpan<Read> reads)
        {
            int lead = leading.Length;
            int axes = reads.Length;
            int[] lengths = [.. leading, .. new int[2 * axes]];
            int[] strides = [.. layout.Strides[..lead], .. new int[2 * axes]];
            int offset = layout.Offset;
            for (int k = 0; k < lead; k++)
            {
                strides[k] = layout.Shape.Lengths[k] == leading[k] ? strides[k] : 0;
            }

            for (int k = 0; k < axes; k++)
            {
                int stride = layout.Strides[lead + k];
                (lengths[lead + k], lengths[lead + axes + k]) = (reads[k].Count, reads[k].Size);
                (strides[lead + k], strides[lead + axes + k]) = (stride * reads[k].Step, stride * reads[k].Apart);
                offset += stride * (reads[k].Start + before[k]);
            }

            return new Layout(new Shape(lengths), strides, offset);
        }

        /// <summary>Gives back the padded tensor.</summary>
        public void Dispose()
        {
            if (isPadded)
            {
                Launch.Release(Source);
            }
        }
    }
}
