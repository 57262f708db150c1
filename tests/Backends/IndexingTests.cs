namespace Gpu.Autograd.Tests;

/// <summary>Parts, places and orders.</summary>
public class IndexingTests
{
    private static readonly double[] Twelve = [.. Enumerable.Range(0, 12).Select(i => (double)i)];

    private static Tensor X => Tensor.From<double>(Twelve, [3, 4]);

    [Fact]
    public void Brackets_take_what_NumPy_takes()
    {
        Same(X[^1], [4], 8, 9, 10, 11);
        Same(X[-1], [4], 8, 9, 10, 11);
        Same(X[1, 2], [], 6);
        Same(X[1..3, 2], [2], 6, 10);
        Same(X[.., ^2], [3], 2, 6, 10);
        Same(X[TensorIndex.Ellipsis, 0], [3], 0, 4, 8);
        Same(X[0, TensorIndex.Ellipsis, 1..3], [2], 1, 2);
        Same(X[TensorIndex.NewAxis, 1, TensorIndex.NewAxis, ^2..], [1, 1, 2], 6, 7);
        Same(X[Tensor.From([2, 0])], [2, 4], 8, 9, 10, 11, 0, 1, 2, 3);
        Same(X[1.., Tensor.From([3L, 0, 3, 1], [2, 2])], [2, 2, 2], 7, 4, 7, 5, 11, 8, 11, 9);
        Same(X[Tensor.From([2, 0]), 1], [2], 9, 1);
    }

    [Fact]
    public void Brackets_say_what_does_not_fit()
    {
        Says<ArgumentOutOfRangeException>("Slice: 3 is outside of axis 0 of [3, 4] (length 3).", () => X[3]);
        Says<ArgumentOutOfRangeException>("Slice: ^5 is outside of axis 1 of [3, 4] (length 4).", () => X[0, -5]);
        Says<ArgumentOutOfRangeException>("Slice: ^0 is outside of axis 0 of [3, 4] (length 3).", () => X[^0]);
        Says<ArgumentOutOfRangeException>("Slice: 3 indices for [3, 4] (rank 2).", () => X[0, 0, 0]);
        Says<ArgumentException>("Slice: there is more than one ellipsis.", () => X[TensorIndex.Ellipsis, TensorIndex.Ellipsis]);
        Says<ArgumentException>(
            "Slice: shapes [2] and [3] do not broadcast: axis −1 is 2 against 3.", () => X[Tensor.From([0, 1]), Tensor.From([0, 1, 2])]);
        Says<IndexOutOfRangeException>("Slice: index -4 is outside of axis 0 of [3, 4] (length 3).", () => X[Tensor.From([0, -4])]);
        Says<IndexOutOfRangeException>(
            "Slice: index 4 is outside of axis 1 of [3, 4] (length 4).", () => X[Tensor.From([0, -1]), Tensor.From([4, 0])]);
        Says<ArgumentException>("Slice: the mask [4] has not the lengths of [3, 4] from axis 0 on.", () => X[Tensor.From([true, true, false, true])]);
        Says<ArgumentException>("Slice: a mask without axes picks nothing of an axis; Where takes it.", () => X[Tensor.Scalar(1).To(DType.Bool)]);
        Says<ArgumentOutOfRangeException>("Slice: 3 indices for [3, 4] (rank 2).", () => X[X > 1, 0]);
        Assert.Contains("is float32, not int32", Assert.Throws<ArgumentException>(() => X[Tensor.From([0f])]).Message);
    }

    [Fact]
    public void Parts_are_put_together_and_taken_apart()
    {
        Same(Tensor.Stack([X[0], X[2]], axis: -1), [4, 2], 0, 8, 1, 9, 2, 10, 3, 11);
        Assert.Equal([2, 2], X.Split(2, axis: 1).Select(part => part.Shape[1]));
        Same(X.Split([1, 3], axis: 1)[1], [3, 3], 1, 2, 3, 5, 6, 7, 9, 10, 11);
        Assert.Equal([2, 1], X.Chunk(2).Select(part => part.Shape[0]));
        Assert.Equal([1, 1, 1], X.Chunk(5).Select(part => part.Shape[0]));
        Assert.Equal([0], X[..0].Chunk(3).Select(part => part.Shape[0]));
        Same(X.Unbind(1)[3], [3], 3, 7, 11);
        Same(X[0].Roll(1, 0), [4], 3, 0, 1, 2);
        Same(X[0].Roll(-5, 0), [4], 1, 2, 3, 0);
        Same(X[0, ..2].Tile(2, 2), [2, 4], 0, 1, 0, 1, 0, 1, 0, 1);
        Same(X[..2, 0].Tile(0), [0]);
        Same(X[..2, ..1].Tile(2), [2, 2], 0, 0, 4, 4);
        Same(X[..2, ..2].Repeat(2, 0), [4, 2], 0, 1, 0, 1, 4, 5, 4, 5);
        Same(X.Flip(), [3, 4], [.. Enumerable.Range(0, 12).Select(i => 11.0 - i)]);
        Same(X[..0].Flip(0), [0, 4]);
        var grid = Tensor.Meshgrid(X[0, ..2], X[1, ..3]);
        Same(grid[0], [2, 3], 0, 0, 0, 1, 1, 1);
        Same(grid[1], [2, 3], 4, 5, 6, 4, 5, 6);
        Same(X.Flatten(), [12], Twelve);
        Says<ArgumentException>("Split: axis 1 of [3, 4] (length 4) does not fall into 3 equal parts; Chunk allows a shorter one.", () => X.Split(3, 1));
        Says<ArgumentException>("Split: [1, 4] does not add up to axis 1 of [3, 4] (length 4).", () => X.Split([1, 4], 1));
        Says<ArgumentException>("Stack: shapes differ: [4] and [3].", () => Tensor.Stack([X[0], X[.., 0]]));
        Says<ArgumentException>("Squeeze: axis 1 of [3, 4] has length 4, not 1.", () => X.Squeeze(-1));
    }

    [Fact]
    public void Diagonals_and_triangles()
    {
        Same(X.Diagonal(), [3], 0, 5, 10);
        Same(X.Diagonal(2), [2], 2, 7);
        Same(X.Diagonal(-1), [2], 4, 9);
        Same(X.Diagonal(4), [0]);
        Same(X.Diagonal(-7), [0]);
        Same(X[0, 1..3].Diag(-1), [3, 3], 0, 0, 0, 1, 0, 0, 0, 2, 0);
        Assert.Equal(15, X.Trace().Item());
        Same(X.Tril(-1), [3, 4], 0, 0, 0, 0, 4, 0, 0, 0, 8, 9, 0, 0);
        Same(X.Triu(1), [3, 4], 0, 1, 2, 3, 0, 0, 6, 7, 0, 0, 0, 11);
        Same(Tensor.Full([2, 2], double.NaN, DType.Float64).Triu(), [2, 2], double.NaN, double.NaN, 0, double.NaN);
        Says<ArgumentException>("Tril: [4] has fewer than two axes.", () => X[0].Tril());
    }

    /// <summary>y[i, j] = x[i, index[i, j]], and back; of several that are set in one place the last stands.</summary>
    [Fact]
    public void Elements_are_picked_and_put_along_an_axis()
    {
        var index = Tensor.From([3, 3, 0, 1], [2, 2]);
        Same(X.GatherAlong(index), [2, 2], 3, 3, 4, 5);
        Same(X.GatherAlong(Tensor.From([2L, 1], [1, 2]), axis: 0), [1, 2], 8, 5);
        var values = Tensor.From<double>([100, 200, 300, 400], [2, 2]);
        Same(X[..2].ScatterAddAlong(index, values), [2, 4], 0, 1, 2, 303, 304, 405, 6, 7);
        Same(X[..2].ScatterAlong(index, values), [2, 4], 0, 1, 2, 200, 300, 400, 6, 7);
        var infinite = Tensor.From<double>([double.PositiveInfinity, 200, 300, double.NaN], [2, 2]);
        Same(X[..2].ScatterAlong(index, infinite), [2, 4], 0, 1, 2, 200, 300, double.NaN, 6, 7);
        Same(Autodiff.Vjp(v => X[..2].ScatterAlong(index, v), values).Pullback(X[..2]), [2, 2], 0, 3, 4, 5);
        Same(Autodiff.Vjp(x => x.ScatterAlong(index, values), X[..2]).Pullback(X[..2]), [2, 4], 0, 1, 2, 0, 0, 0, 6, 7);
        Says<ArgumentException>(
            "ScatterAlong: the index [2, 2] and the values [2, 2] do not fit [3, 4] along axis 1.", () => X.ScatterAlong(index, values));
        Says<ArgumentException>("GatherAlong: the index [4] does not fit [3, 4] beside axis 1.", () => X.GatherAlong(Tensor.From([0, 0, 0, 0])));
    }

    [Fact]
    public void Masks_select()
    {
        Same(X.MaskedSelect(X > 8.5), [3], 9, 10, 11);
        Same(X.MaskedSelect(Tensor.From([true, false, false, true])), [6], 0, 3, 4, 7, 8, 11);
        Same(Autodiff.Grad(x => x.MaskedSelect(x > 9).Square().Sum())(X), [3, 4], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 22);
        Assert.Equal([0L, 1, 2, 3], (X[..3, ..] * Tensor.Equal((X - 1) * (X - 11), 0).To(DType.Float64)).NonZero().ToArray<long>());
        var batch = Autodiff.Vmap(x => x.MaskedSelect(Tensor.From([true, false, true, false])))(X);
        Same(batch, [3, 2], 0, 2, 4, 6, 8, 10);
        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(x => x.MaskedSelect(x > 1))(X));
        Assert.Equal(
            "MaskedSelect: the shape of the result depends on the values, and under Vmap this bool [4] stands for several at once; call it outside of Vmap.",
            error.Message);
    }

    [Fact]
    public void Orders_are_stable_and_NaN_is_greatest()
    {
        var x = Tensor.From<double>([2, double.NaN, 1, 2, -1, 1]);
        Same(x.ArgSort(), [6], 4, 2, 5, 0, 3, 1);
        Same(x.ArgSort(descending: true), [6], 1, 0, 3, 2, 5, 4);
        Same(x.Sort().Values, [6], -1, 1, 1, 2, 2, double.NaN);
        Same(Tensor.From([3, 1, 2, 0], [2, 2]).Sort(0).Values, [2, 2], 2, 0, 3, 1);
        var (values, indices) = X.TopK(2, axis: 0);
        Same(values, [2, 4], 8, 9, 10, 11, 4, 5, 6, 7);
        Same(indices, [2, 4], 2, 2, 2, 2, 1, 1, 1, 1);
        Same(X.TopK(1, largest: false).Values, [3, 1], 0, 4, 8);
        Same(Autodiff.Vjp(v => v.Sort(descending: true).Values, x[2..]).Pullback(X[0]), [4], 1, 0, 3, 2);
        Says<ArgumentException>("TopK: axis 1 of [3, 4] has 4 elements, not 5.", () => X.TopK(5).Values);
    }

    [Fact]
    public void Unique_elements_and_where_they_were()
    {
        var (values, inverse, counts) = Tensor.From<double>([3, 1, 3, 2, 1, 3], [2, 3]).Unique();
        Same(values, [3], 1, 2, 3);
        Same(inverse, [2, 3], 2, 0, 2, 1, 0, 2);
        Same(counts, [3], 2, 1, 3);
        Same(Tensor.From([true, true]).Unique().Values, [1], 1);
        Same(Tensor.From<float>([float.NaN, float.NaN]).Unique().Counts, [2], 1, 1);
        Same(Tensor.From<long>([]).Unique().Values, [0]);
        Assert.Contains("Unique: the shape", Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(x => x.Unique().Values)(X)).Message);
    }

    [Fact]
    public void Factories()
    {
        Same(Tensor.Arange(1, 2, 0.25), [4], 1, 1.25, 1.5, 1.75);
        Same(Tensor.Arange(3, 0, -2, DType.Int32), [2], 3, 1);
        Same(Tensor.Arange(3, 0), [0]);
        Same(Tensor.Linspace(0, 1, 3, DType.Float64), [3], 0, 0.5, 1);
        Same(Tensor.Linspace(2, 7, 1), [1], 2);
        Assert.Equal(0.7, Tensor.Linspace(0.1, 0.7, 7, DType.Float64)[^1].Item());
        Same(Tensor.From([2, 0, 5]).OneHot(3), [3, 3], 0, 0, 1, 1, 0, 0, 0, 0, 0);
        Same(Tensor.FullLike(X[0], 7), [4], 7, 7, 7, 7);
        Assert.Equal(DType.Float64, Tensor.ZerosLike(X).DType);
        Says<ArgumentException>("Arange: 0 to 1 in steps of 0 is no finite sequence.", () => Tensor.Arange(0, 1, 0));
    }

    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>Expected values are NumPy's and PyTorch's.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Several_tensors_of_indices_are_walked_together(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Tensor I(params int[] index) => Tensor.From<int>(index).To(device);
        var x = X.To(device);
        Same(x[I(0, 2, -1), Tensor.From<long>([1, -1, 0]).To(device)], [3], 1, 11, 8);
        Same(x[I(0, 2).Reshape(2, 1), I(1, 3, -4)], [2, 3], 1, 3, 0, 9, 11, 8);
        Same(x[I(-1, 0)], [2, 4], 8, 9, 10, 11, 0, 1, 2, 3);

        // Neighbours: their axes are where they were. Apart: in front.
        var y = Tensor.Arange(2 * 3 * 4 * 5, DType.Float64).Reshape(2, 3, 4, 5).To(device);
        Assert.Equal(new Shape(2, 6, 5), y[.., I(0, 1, 2, 0, 1, 2), I(0, 0, 0, -1, -1, -1)].Shape);
        Same(y[1, I(0, 2), I(1, 3), 1..3], [2, 2], 66, 67, 116, 117);
        var apart = y[I(0, 1, 1), 0..2, I(3, -1, 0)];
        Assert.Equal(new Shape(3, 2, 5), apart.Shape);
        Same(apart[.., 1, 2], [3], 37, 97, 82);
        Assert.Equal(new Shape(3, 3, 4), y[I(0, 1, 1), TensorIndex.Ellipsis, I(0, 0, 0)].Shape);
        Assert.Equal(new Shape(2, 1, 4, 5), y[I(0, 1), TensorIndex.NewAxis, I(0, 2)].Shape);

        // A number takes its axis away first, as in PyTorch.
        Same(y[1, 0, .., I(-1, 0)], [4, 2], 64, 60, 69, 65, 74, 70, 79, 75);

        // Of one that is taken twice the gradients are added.
        var g = Autodiff.Grad(v => (v[I(0, 0, -1), I(1, 1, 3)] * Tensor.From([1.0, 2, 5]).To(device)).Sum())(x);
        Same(g, [3, 4], 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5);
        Same(Autodiff.Vmap(v => v[I(1, -1), I(0, 0)])(y[0]), [3, 2], 5, 15, 25, 35, 45, 55);
        Same(Autodiff.Vmap(i => x[i, I(0, -1)])(I(0, 1, 2, 0).Reshape(2, 2)), [2, 2], 0, 7, 8, 3);
        if (device != Device.Cpu)
        {
            Same(x[I(0, 7, 0), I(1, 0, -5)], [3], 1, double.NaN, double.NaN);
            Same(x[I(0, -4)][1], [4], double.NaN, double.NaN, double.NaN, double.NaN);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_mask_in_brackets_picks_where_it_is_true(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        Same(x[x > 8.5], [3], 9, 10, 11);
        Same(x[x > 100], [0]);
        Same(x[Tensor.From([true, false, true]).To(device)], [2, 4], 0, 1, 2, 3, 8, 9, 10, 11);
        Same(x[1.., Tensor.From([true, false, false, true]).To(device)], [2, 2], 4, 7, 8, 11);
        Same(x[Tensor.From([true, false, true]).To(device), Tensor.From([-1, 0]).To(device)], [2], 3, 8);
        var y = Tensor.Arange(24, DType.Float64).Reshape(2, 3, 4).To(device);
        Same(y[Tensor.Equal(y[.., .., 0], 8) | Tensor.Equal(y[.., .., 0], 12), 1..3], [2, 2], 9, 10, 13, 14);
        Assert.Equal([4L, 5], Tensor.From([3L, 4, 5]).To(device)[Tensor.From([false, true, true]).To(device)].ToArray<long>());
        Same(Autodiff.Grad(v => v[v > 9].Square().Sum())(x), [3, 4], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 22);
        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(v => v[v > 1])(x));
        Assert.Equal(
            "Slice: the shape of the result depends on the values, and under Vmap this bool [4] stands for several at once; call it outside of Vmap.",
            error.Message);
    }

    [Fact]
    public void Rolls_of_several_axes_and_of_all()
    {
        Same(X.Roll([1, -1], [0, 1]), [3, 4], 9, 10, 11, 8, 1, 2, 3, 0, 5, 6, 7, 4);
        Same(X.Roll(2), [3, 4], 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        Same(X.Roll([], []), [3, 4], Twelve);
        Says<ArgumentException>("Roll: the shifts [1] are not one for each of the axes [0, 1].", () => X.Roll([1], [0, 1]));
        Says<ArgumentException>("Roll: axis 1 is named twice in [1, -1].", () => X.Roll([1, 1], [1, -1]));
    }

    private static void Same(Tensor y, Shape shape, params double[] values)
    {
        Assert.Equal(shape, y.Shape);
        Assert.Equal(values, Close.Values(y));
    }

    private static void Says<TException>(string message, Func<object> body)
        where TException : Exception => Assert.Equal(message, Assert.Throws<TException>(body).Message);
}
