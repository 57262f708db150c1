namespace Gpu.Autograd.Tests;

/// <summary>Where a wrong answer would be silent.</summary>
public class EdgeTests
{
    private static Tensor Point => Tensor.From<double>([0.3, -0.7, 1.1]);

    [Fact]
    public void A_gradient_of_another_dtype_or_device_is_refused()
    {
        var x = Tensor.From([1f, 2f, 3f]);
        var pullback = Autodiff.Vjp(v => v * v, x).Pullback;
        Assert.Contains("float64 [3] on cpu", Assert.Throws<ArgumentException>(() => pullback(Tensor.From([1.0, 1, 1]))).Message);
        Assert.Contains("int32", Assert.Throws<ArgumentException>(() => pullback(Tensor.From([1, 1, 1]))).Message);
        var host = Device.Parse("host");
        Assert.Contains("on host", Assert.Throws<ArgumentException>(() => pullback(Tensor.Ones([3], device: host))).Message);
        Assert.Contains("on host", Assert.Throws<ArgumentException>(() => Autodiff.Jvp(v => v, x, Tensor.Ones([3], device: host))).Message);
        Assert.Equal(6, Autodiff.Vjp(v => v.Square(), Tensor.Scalar(3)).Pullback(1.0).Item());
    }

    [Fact]
    public void Where_takes_any_condition_as_true_or_false()
    {
        var condition = Tensor.From([2, -1, 0]);
        Assert.Equal([1.0, 1.0, 0.0], Close.Values(Tensor.Where(condition, Tensor.Ones([3]), 0)));
        Assert.Equal([1.0, 1.0, 0.0], Close.Values(Autodiff.Grad(v => Tensor.Where(condition, v, 0).Sum())(Tensor.Ones([3]))));
        Assert.Equal([1.0, 1.0], Close.Values(Autodiff.Grad(v => Tensor.Where(v, v, 0).Sum())(Tensor.From([0.5f, 2f]))));
    }

    [Fact]
    public void Assign_reads_before_it_writes()
    {
        var m = Tensor.Arange(300 * 300).Reshape(300, 300) * 1;
        var expected = (m.Transpose() * 1).ToArray<float>();
        m.Assign(m.Transpose());
        Assert.Equal(expected, m.ToArray<float>());
        var rows = Tensor.From([0f, 1f, 2f, 3f]);
        rows.Assign(rows.Slice([3], [-1], [-1]));
        Assert.Equal([3f, 2f, 1f, 0f], rows.ToArray<float>());
        Assert.Contains("broadcast", Assert.Throws<InvalidOperationException>(
            () => Tensor.Ones([1]).BroadcastTo([3]).Assign(Tensor.From([1f, 2f, 3f]))).Message);
    }

    [Fact]
    public void A_transform_on_another_thread_nests_too()
    {
        var one = Tensor.Ones([], DType.Float64);
        Tensor Outer(Tensor v) => Task.Run(() => Autodiff.Jvp(u => v * u * u, one, one).Tangent).Result;
        Assert.Equal(2, Autodiff.Grad(Outer)(one).Item());
        Assert.Equal(2, Autodiff.Jvp(Outer, one, one).Tangent.Item());
        Tensor Reverse(Tensor v) => Task.Run(() => Autodiff.Grad(u => u * u * v)(one)).Result;
        Assert.Equal(2, Autodiff.Grad(Reverse)(one).Item());
    }

    [Fact]
    public void A_plain_number_is_a_tensor_where_it_must_be_one()
    {
        Tensor t = 2.0;
        Assert.Equal(2, t.Sum().Item());
        Assert.Equal([2f], t.Reshape(1).ToArray<float>());
        Assert.Equal([2f, 2f, 2f], t.BroadcastTo([3]).ToArray<float>());
        var s = Tensor.Scalar(1);
        s.Assign(3);
        Assert.Equal(3, s.Item());
        Assert.Contains("Tensor.Scalar", Assert.Throws<InvalidOperationException>(() => t.RequiresGrad = true).Message);
        Assert.Contains("Tensor.Scalar", Assert.Throws<InvalidOperationException>(() => t.Assign(1)).Message);
    }

    [Fact]
    public void No_grad_holds_inside_transforms()
    {
        var x = Point;
        Close.Assert(x.Square(), Autodiff.Grad(v => (v * Tensor.NoGrad(() => v * v)).Sum())(x), 1e-15, "v·const");
        Close.Assert(x.Square(), Autodiff.Jvp(v => v * Tensor.NoGrad(() => v * v), x, Tensor.Ones([3], DType.Float64)).Tangent, 1e-15, "v·const");

        // A transform that begins inside of it works as ever.
        Close.Assert(2 * x, Tensor.NoGrad(() => Autodiff.Grad(v => v.Square().Sum())(x)), 1e-15, "2x");
        var c = Tensor.From<double>([2, 3, 4]);
        var inner = Autodiff.Grad(v => Tensor.NoGrad(() => Autodiff.Vjp(u => u * v * c * c, x).Pullback(Tensor.Ones([3], DType.Float64)).Sum()))(x);
        Assert.Equal([0.0, 0.0, 0.0], Close.Values(inner));
    }

    [Fact]
    public void Gradients_of_leaves_are_memory_of_their_own()
    {
        var a = Tensor.Ones([3]);
        var b = Tensor.Ones([3]);
        a.RequiresGrad = b.RequiresGrad = true;
        (a + b).Sum().Backward();
        a.Grad!.Assign(Tensor.From([5f, 6f, 7f]));
        Assert.Equal([5f, 6f, 7f], a.Grad!.ToArray<float>());
        Assert.Equal([1f, 1f, 1f], b.Grad!.ToArray<float>());
    }

    [Fact]
    public void Integers_print_all_their_digits() =>
        Assert.Equal("[9007199254740993               -5] int64", Tensor.From([9007199254740993L, -5L]).ToString());
}
