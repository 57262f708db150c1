using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>Whole matrices of derivatives, and functions of structures.</summary>
public class JacobianTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Normal(ulong seed, params int[] shape) => new Generator(seed).Normal(new Shape(shape), dtype: DType.Float64);

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Jacobian_of_tanh_of_a_product(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var w = Normal(1, 4, 3).To(device);
        var x = Normal(2, 3).To(device);
        Tensor F(Tensor v) => w.MatMul(v).Tanh();
        var slope = 1 - F(x).Square();
        var expected = slope.Reshape(4, 1) * w;
        Close.Assert(expected, Autodiff.JacobianForward(F, x), 1e-12, "forward");
        Close.Assert(expected, Autodiff.JacobianReverse(F, x), 1e-12, "reverse");
        Close.Assert(expected, Autodiff.Jacobian(F, x), 1e-12, "either");
        Close.Assert(expected, Autodiff.Jacobian(F, x, chunk: 2), 1e-12, "in chunks");
        Close.Assert(expected, Autodiff.JacobianReverse(F, x, chunk: 3), 1e-12, "in chunks that do not divide");
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Shapes_are_output_then_input(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var a = Normal(3, 2, 3).To(device);
        var j = Autodiff.Jacobian(x => x.Transpose().MatMul(x), a);
        Assert.Equal([3, 3, 2, 3], j.Shape);
        Close.Assert(Autodiff.JacobianForward(x => x.Transpose().MatMul(x), a), j, 1e-12, "RᵀR");

        // ∂Kpq/∂Rij: R_iq where j = p, plus R_ip where j = q.
        double[] values = Close.Values(j);
        double[] r = Close.Values(a);
        for (int p = 0; p < 3; p++)
        {
            for (int q = 0; q < 3; q++)
            {
                for (int i = 0; i < 2; i++)
                {
                    for (int k = 0; k < 3; k++)
                    {
                        double expected = (k == p ? r[(i * 3) + q] : 0) + (k == q ? r[(i * 3) + p] : 0);
                        Assert.Equal(expected, values[(((((p * 3) + q) * 2) + i) * 3) + k], 1e-12);
                    }
                }
            }
        }

        Assert.Equal([], Autodiff.Jacobian(x => x.Square(), Tensor.Scalar(2, DType.Float64, device)).Shape);
        Assert.Equal([3], Autodiff.Jacobian(x => x.Square().Sum(), Normal(1, 3).To(device)).Shape);
        Assert.Equal([3, 0], Autodiff.Jacobian(x => Tensor.Concat([x, Normal(1, 3).To(device)]), Tensor.Zeros([0], DType.Float64, device)).Shape);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Hessian_is_the_closed_form_and_symmetric(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var w = Normal(4, 5, 4).To(device);
        var x = Normal(5, 4).To(device);
        var h = Autodiff.Hessian(v => w.MatMul(v).Tanh().Square().Sum(), x);

        // Σ tanh²(wᵢ·x): Hessian Σᵢ f''(wᵢ·x) wᵢ wᵢᵀ with f'' = 2(1 − t²)(1 − 3t²).
        var t2 = w.MatMul(x).Tanh().Square();
        var second = 2 * (1 - t2) * (1 - (3 * t2));
        Close.Assert(w.Transpose().MatMul(second.Reshape(5, 1) * w), h, 1e-12, "Σ tanh²(Wx)");
        Close.Assert(h.Transpose(), h, 1e-12, "symmetry");
        Close.Assert(h, Autodiff.Hessian(v => w.MatMul(v).Tanh().Square().Sum(), x, chunk: 3), 1e-12, "in chunks");
        Close.Assert(h, Autodiff.JacobianReverse(Autodiff.Grad(v => w.MatMul(v).Tanh().Square().Sum()), x), 1e-12, "reverse over reverse");
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Mixed_partials_of_several_tensors(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (a, b) = (Normal(6, 2).To(device), Normal(7, 3).To(device));
        static Tensor F(Tensor[] x) => (x[0].Reshape(2, 1) * x[1].Square()).Sum() + x[0].Exp().Sum();
        var h = Autodiff.Hessian(F, [a, b]);
        Assert.Equal([2, 3], h[0][1].Shape);
        Close.Assert((2 * b).BroadcastTo([2, 3]), h[0][1], 1e-12, "∂²/∂a∂b");
        Close.Assert(h[0][1].Transpose(), h[1][0], 1e-12, "symmetry");
        Close.Assert(a.Exp().Reshape(2, 1) * Tensor.Eye(2, DType.Float64, device), h[0][0], 1e-12, "∂²/∂a²");
        Close.Assert(2 * a.Sum() * Tensor.Eye(3, DType.Float64, device), h[1][1], 1e-12, "∂²/∂b²");

        // Of three arguments, one after the other: ∂³/∂a∂b∂c of Σ sin(a)·b²·eᶜ, in any order and any mixture of modes.
        var (u, v, w) = (Normal(8, 3).To(device), Normal(9, 3).To(device), Normal(10, 3).To(device));
        static Tensor G(Tensor a, Tensor b, Tensor c) => (a.Sin() * b.Square() * c.Exp()).Sum();
        var expected = u.Cos() * 2 * v * w.Exp();
        var ones = Tensor.Ones([3], DType.Float64, device);
        var byReverse = Autodiff.Grad(a => Autodiff.Grad(b => Autodiff.Grad(c => G(a, b, c))(w).Sum())(v).Sum())(u);
        var byForward = Autodiff.Grad(c => Autodiff.Jvp(a => Autodiff.Jvp(b => G(a, b, c), v, ones).Tangent, u, ones).Tangent)(w);
        var partials = Autodiff.Partial((b, c) => Autodiff.Partial(G, 0)(u, b, c).Sum(), 1)(v, w);
        Close.Assert(expected, byReverse, 1e-12, "∂³/∂a∂b∂c");
        Close.Assert(expected, byForward, 1e-12, "∂³/∂c∂a∂b, forward twice");
        Close.Assert(u.Cos() * v.Square() * w.Exp(), partials, 1e-12, "∂²/∂c∂a by Partial");
    }

    /// <summary>Blocks for each tensor of the result and of the argument, by either mode, and in chunks that cross the tensors' borders.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Jacobians_of_structures(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = new Dictionary<string, Tensor> { ["w"] = Normal(1, 2, 3).To(device), ["b"] = Normal(2, 2).To(device) };
        var v = Normal(3, 3).To(device);
        (Tensor Y, Tensor[] More) F(Dictionary<string, Tensor> p)
        {
            var y = (p["w"].MatMul(v) + p["b"]).Tanh();
            return (y, [p["b"].Square(), y.Sum()]);
        }

        var slope = 1 - F(x).Y.Square();
        var eye = Tensor.Eye(2, DType.Float64, device);
        Tensor b = slope.Reshape(2, 1) * eye, w = b.Reshape(2, 2, 1) * v;
        int runs = 0;
        (Tensor Y, Tensor[] More) Counted(Dictionary<string, Tensor> p)
        {
            runs++;
            return F(p);
        }

        foreach (var (what, j) in new (string, Dictionary<string, Tensor>[])[]
        {
            ("forward", Autodiff.JacobiansForward(Counted, x)), ("reverse", Autodiff.JacobiansReverse(Counted, x)),
            ("either", Autodiff.Jacobians(F, x)), ("forward, in chunks", Autodiff.JacobiansForward(F, x, chunk: 3)),
            ("reverse, in chunks", Autodiff.JacobiansReverse(F, x, chunk: 3)),
        })
        {
            Assert.Equal(3, j.Length);
            Close.Assert(w, j[0]["w"], 1e-12, $"{what}: ∂y/∂w on {deviceName}");
            Close.Assert(b, j[0]["b"], 1e-12, $"{what}: ∂y/∂b on {deviceName}");
            Close.Assert(Tensor.Zeros([2, 2, 3], DType.Float64), j[1]["w"], 0, $"{what}: ∂b²/∂w on {deviceName}");
            Close.Assert(2 * x["b"].Reshape(2, 1) * eye, j[1]["b"], 1e-12, $"{what}: ∂b²/∂b on {deviceName}");
            Close.Assert(slope.Reshape(2, 1) * v, j[2]["w"], 1e-12, $"{what}: ∂Σy/∂w on {deviceName}");
            Close.Assert(slope, j[2]["b"], 1e-12, $"{what}: ∂Σy/∂b on {deviceName}");
        }

        Assert.Equal(2, runs); // Each mode in one pass.
        Close.Assert(w, Autodiff.Jacobians(p => F(p).Y, x)["w"], 1e-12, "of a tensor");
        Close.Assert(w, Autodiff.JacobiansForward(p => F(p).Y, x)["w"], 1e-12, "of a tensor, forward");
        Close.Assert(w, Autodiff.JacobiansReverse(p => F(p).Y, x)["w"], 1e-12, "of a tensor, reverse");
        Assert.Contains("chunk of 0", Assert.Throws<ArgumentOutOfRangeException>(() => Autodiff.JacobiansForward(F, x, 0)).Message);
        Assert.Equal(
            "Hessian: there is no tensor in the argument or none in the result.",
            Assert.Throws<ArgumentException>(() => Autodiff.Hessian(_ => Tensor.Scalar(1), Array.Empty<Tensor>())).Message);
    }

    /// <summary>Where the tensors together have fewer elements than the result they go column by column, where more, row by row.</summary>
    [Fact]
    public void The_shorter_way_is_picked()
    {
        int backward = 0;
        var watched = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => 2 * v, v => (2 * v, v), (_, g) =>
        {
            backward++;
            return 2 * g;
        });
        Tensor[] x = [Normal(1, 2), Normal(2, 3)];
        Tensor F(Tensor[] v) => watched(v[0]).Reshape(2, 1) * v[1];

        // Three rows, one at a time; six rows would be more than the five columns, for which the way back is recorded once.
        var rows = Autodiff.Jacobians(v => F(v).Sum(0), x, chunk: 1);
        Assert.Equal(3, backward);
        backward = 0;
        var columns = Autodiff.Jacobians(F, x, chunk: 1);
        Assert.Equal(1, backward);
        Close.Assert(rows[0], columns[0].Sum(0), 1e-14, "∂/∂x₀");
        Close.Assert(rows[1], columns[1].Sum(0), 1e-14, "∂/∂x₁");
    }

    /// <summary>The blocks of all parameters of a network are those of the Hessian of one long vector.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Hessian_of_a_network_in_blocks(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var generator = new Generator(3);
        var module = new Sequential(
            new Linear(2, 2, generator: generator, dtype: DType.Float64), new Nn.Tanh(), new Linear(2, 1, generator: generator, dtype: DType.Float64));
        module.To(device);
        var (x, target) = (Normal(4, 4, 2).To(device), Normal(5, 4, 1).To(device));
        var net = new Functional(module);
        var p = net.Parameters;
        Tensor Loss(Dictionary<string, Tensor> q) => net.Call(q, x).MeanSquaredError(target);
        Dictionary<string, Dictionary<string, Tensor>> blocks = Autodiff.Hessian(Loss, p);
        var rows = Autodiff.Hessian((Sequential m) => m.Forward(x).MeanSquaredError(target), module);

        string[] names = [.. p.Keys.Order(StringComparer.Ordinal)];
        var vector = Tensor.Concat([.. names.Select(name => p[name].Reshape(-1))]);
        var flat = Autodiff.Hessian(
            v =>
            {
                int next = 0;
                return Loss(names.ToDictionary(name => name, name => v[next..(next += p[name].Count)].Reshape([.. p[name].Shape.Lengths])));
            },
            vector);
        Close.Assert(flat.Transpose(), flat, 1e-12, "symmetry");
        int first = 0;
        foreach (string a in names)
        {
            int second = 0;
            foreach (string b in names)
            {
                string what = $"∂²/∂{a}∂{b} on {deviceName}";
                var expected = flat[first..(first + p[a].Count), second..(second + p[b].Count)];
                Assert.Equal([.. p[a].Shape.Lengths, .. p[b].Shape.Lengths], blocks[a][b].Shape);
                Close.Assert(expected, blocks[a][b].Reshape(p[a].Count, p[b].Count), 1e-12, what);
                Close.Assert(expected, blocks[b][a].Reshape(p[b].Count, p[a].Count).Transpose(), 1e-12, $"{what}, transposed");
                second += p[b].Count;
            }

            first += p[a].Count;
        }

        // Of the module itself: a row for each of its parameters, each a module.
        Close.Assert(blocks["2.weight"]["0.bias"], rows[2].State()["0.bias"], 1e-12, "the module's");
        Assert.Equal(".2.weight", Tree.Paths(module)[2]);
        Assert.True(blocks["0.weight"]["2.weight"].Abs().Sum().Item() > 1e-3);
    }

    [Fact]
    public void Hessian_of_two_tensors_and_of_tuples()
    {
        var (a, b) = (Normal(6, 2), Normal(7, 3));
        var ((aa, ab), (ba, bb)) = Autodiff.Hessian((x, y) => (x.Reshape(2, 1) * y.Square()).Sum() + x.Exp().Sum(), a, b);
        Close.Assert((2 * b).BroadcastTo([2, 3]), ab, 1e-12, "∂²/∂a∂b");
        Close.Assert(ab.Transpose(), ba, 1e-12, "symmetry");
        Close.Assert(a.Exp().Reshape(2, 1) * Tensor.Eye(2, DType.Float64), aa, 1e-12, "∂²/∂a²");
        Close.Assert(2 * a.Sum() * Tensor.Eye(3, DType.Float64), bb, 1e-12, "∂²/∂b²");
        int runs = 0;
        var rows = Autodiff.Hessian<Line>(
            l =>
            {
                runs++;
                return (l.Slope * l.Slope * l.Offset).Sum();
            },
            new(b, b, "a line"));
        Assert.Equal(1, runs);
        Close.Assert(2 * b.Reshape(3, 1) * Tensor.Eye(3, DType.Float64), rows[0].Offset, 1e-12, "∂²/∂slope∂offset");
        Close.Assert(Tensor.Zeros([3, 3], DType.Float64), rows[1].Offset, 0, "∂²/∂offset²");
    }

    private sealed record Line(Tensor Slope, Tensor Offset, string Name);

    [Fact]
    public void Structures_go_in_and_come_out()
    {
        var x = Normal(8, 4);
        var line = new Line(Tensor.Scalar(2, DType.Float64), Tensor.Scalar(-1, DType.Float64), "a line");
        var g = Autodiff.Grad<Line>(l => ((l.Slope * x) + l.Offset).Square().Sum())(line);
        Assert.Equal("a line", g.Name);
        Close.Assert((2 * ((2 * x) - 1) * x).Sum(), g.Slope, 1e-12, "slope");
        Close.Assert((2 * ((2 * x) - 1)).Sum(), g.Offset, 1e-12, "offset");

        var parameters = new Dictionary<string, Tensor[]> { ["w"] = [x, x.Square()], ["b"] = [x.Exp()] };
        var d = Autodiff.Grad<Dictionary<string, Tensor[]>>(p => (p["w"][0] * p["w"][1]).Sum() + p["b"][0].Sum())(parameters);
        Close.Assert(x.Square(), d["w"][0], 1e-12, "w0");
        Close.Assert(x, d["w"][1], 1e-12, "w1");
        Close.Assert(Tensor.Ones([4], DType.Float64), d["b"][0], 1e-12, "b");

        var (ga, gb) = Autodiff.Grad((a, b) => (a * b.Square()).Sum())(x, x.Exp());
        Close.Assert(x.Exp().Square(), ga, 1e-12, "∂a");
        Close.Assert(2 * x * x.Exp(), gb, 1e-12, "∂b");
        Close.Assert(2 * x * x.Exp(), Autodiff.Partial((a, b) => (a * b.Square()).Sum(), 1)(x, x.Exp()), 1e-12, "partial");
        Assert.Contains("Thread", Assert.Throws<ArgumentException>(() => Tree.Flatten(Thread.CurrentThread)).Message);
        Assert.Throws<ArgumentException>(() => Tree.Rebuild(line, [x]));
        Assert.Throws<ArgumentException>(() => Tree.Rebuild(line, [x, x, x]));
    }

    private sealed record Scaled(Tensor W)
    {
        public double Scale { get; init; } = 1;

        public required Tensor Offset { get; init; }
    }

    [Fact]
    public void Records_keep_all_that_they_have()
    {
        var x = Normal(8, 4);
        var g = Autodiff.Grad<Scaled>(s => (s.W * s.W * s.Scale).Sum() + (3 * s.Offset).Sum())(new Scaled(x) { Scale = 5, Offset = x });
        Assert.Equal(5, g.Scale);
        Close.Assert(10 * x, g.W, 1e-14, "W");
        Close.Assert(Tensor.Full([4], 3, DType.Float64), g.Offset, 0, "Offset");
    }

    /// <summary>One draw for all columns: the Jacobian of a random function is that of one of its runs, in either mode.</summary>
    [Fact]
    public void A_random_function_is_drawn_once()
    {
        var x = Normal(8, 3);
        Tensor F(Tensor v) => v * v.Sum() * new Generator(1).Uniform([], dtype: DType.Float64);
        Close.Assert(Autodiff.JacobianReverse(F, x), Autodiff.JacobianForward(F, x), 1e-14, "forward");
        var h = Autodiff.Hessian(v => F(v).Sum(), x);
        Close.Assert(h.Transpose(), h, 1e-14, "symmetry");
        var captured = new Generator(2);
        var j = Autodiff.JacobianForward(v => v * captured.Uniform([], dtype: DType.Float64), x);
        Close.Assert(j[..1, ..1] * Tensor.Eye(3, DType.Float64), j, 0, "one number on the diagonal");
    }

    [Fact]
    public void Auxiliary_results_come_along()
    {
        var x = Normal(9, 3);
        var (value, aux, gradient) = Autodiff.ValueAndGrad<Tensor, (Tensor Squares, string Note)>(v => (v.Square().Sum(), (v.Square(), "kept")))(x);
        Close.Assert(x.Square().Sum(), value, 0, "value");
        Close.Assert(x.Square(), aux.Squares, 0, "auxiliary");
        Assert.Equal("kept", aux.Note);
        Close.Assert(2 * x, gradient, 1e-15, "gradient");
        _ = aux.Squares + 1; // It does not belong to the transform any more.
    }

    [Fact]
    public void A_linear_map_without_running_f_again()
    {
        int runs = 0;
        Tensor F(Tensor v)
        {
            runs++;
            return v.Tanh() * v;
        }

        var x = Normal(10, 3);
        var (y, jacobian) = Autodiff.Linearize(F, x);
        Close.Assert(F(x), y, 0, "value");
        runs = 0;
        for (ulong seed = 0; seed < 3; seed++)
        {
            var t = Normal(seed, 3);
            Close.Assert(Autodiff.Jvp(v => v.Tanh() * v, x, t).Tangent, jacobian(t), 1e-14, "J·t");
        }

        Assert.Equal(0, runs);
    }
}
