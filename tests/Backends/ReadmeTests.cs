using System.Text.RegularExpressions;
using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Tests;

/// <summary>The README's samples. Each stands below as it stands there, so that it compiles and does what is said of it.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void EverySampleStandsInThisFile()
    {
        string here = Lines(Resource("ReadmeTests.cs"));
        var samples = Regex.Matches(Resource("README.md"), "^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline);

        Assert.NotEmpty(samples);
        Assert.All(samples, sample => Assert.Contains(Lines(sample.Groups[1].Value), here, StringComparison.Ordinal));
    }

    [Fact]
    public void Derivatives()
    {
        Tensor x = Tensor.From([1f, 2f, 3f]);                // on the CPU
        Func<Tensor, Tensor> f = v => (v * v * v).Sum();

        Tensor g = Autodiff.Grad(f)(x);                      // [ 3. 12. 27.]
        Tensor v = Tensor.From([1f, 0f, 0f]);
        var (y, t) = Autodiff.Jvp(f, x, v);                  // 36, and 3: the slope along v
        Tensor h = Autodiff.Hvp(f, x, v);                    // [6. 0. 0.]: the Hessian times v
        Tensor third = Autodiff.Grad(u => Autodiff.Hvp(f, u, v).Sum())(x); // [6. 0. 0.]: they nest

        Assert.Equal("[ 3. 12. 27.]", g.ToString());
        Assert.Equal((36, 3), (y.Item(), t.Item()));
        Assert.Equal("[6. 0. 0.]", h.ToString());
        Assert.Equal("[6. 0. 0.]", third.ToString());
    }

    [Fact]
    public void Densities()
    {
        Func<Tensor, Tensor> polar = v => Tensor.Stack([v[0] * v[1].Cos(), v[0] * v[1].Sin()]);
        Tensor points = Tensor.From(new[,] { { 1.0, 0.5 }, { 2.0, 3.0 } });  // radius and angle
        Tensor areas = Autodiff.LogAbsDetJacobian(polar, points).Exp();      // [1. 2.]: areas are scaled by the radius

        Func<Tensor, Tensor> logNormal = z => (-0.5 * z.Square() - (0.5 * Math.Log(2 * Math.PI))).Sum();
        Tensor logp = Autodiff.LogDensity(v => (v - 1) / 3, logNormal, points); // of 1 + 3·z, z normal: the loss of a flow is less its mean

        Close.Assert(Tensor.From([1.0, 2.0]), areas, 1e-14, "areas");
        var z = (points - 1) / 3;
        Close.Assert((-0.5 * z.Square()).Sum(axis: 1) - Math.Log(2 * Math.PI * 9), logp, 1e-14, "log p");
    }

    [Fact]
    public void Matrices()
    {
        Tensor x = Tensor.From([1f, 2f, 3f]);
        Func<Tensor, Tensor> f = v => (v * v * v).Sum();

        Tensor w = new Generator(seed: 1).Normal([4, 3]);
        Func<Tensor, Tensor> layer = u => w.MatMul(u).Tanh();

        Tensor jacobian = Autodiff.Jacobian(layer, x);       // [4, 3], in one batched pass
        Tensor hessian = Autodiff.Hessian(u => layer(u).Square().Sum(), x); // [3, 3], forward over reverse
        Tensor each = Autodiff.Vmap(Autodiff.Grad(f))(Tensor.Ones([8, 3])); // [8, 3]: one gradient a sample
        var (dw, dx) = Autodiff.Grad((a, b) => a.MatMul(b).Tanh().Sum())(w, x); // of several arguments, or of a record, a dictionary, …
        Linear dnet = Autodiff.Grad((Linear n) => n.Forward(x).Sum())(new Linear(3, 2)); // … or a module: dnet.Weight is [2, 3]

        var slope = 1 - layer(x).Square();
        Close.Assert(slope.Reshape(4, 1) * w, jacobian, 1e-6, "Jacobian");
        Close.Assert(hessian.Transpose(), hessian, 1e-6, "Hessian");
        Assert.Equal([3, 3], hessian.Shape);
        Close.Assert(3 * Tensor.Ones([8, 3]), each, 1e-6, "gradients");
        Close.Assert(slope.Reshape(4, 1) * x, dw, 1e-6, "dw");
        Close.Assert(slope.MatMul(w), dx, 1e-6, "dx");
        Close.Assert(x.BroadcastTo([2, 3]), dnet.Weight, 0, "dnet");
    }

    [Fact]
    public void Training()
    {
        Device device = Device.Best;                         // or Device.Parse("opencl:0")
        var random = new Generator(seed: 1);
        var (training, heldOut) = Digits.Load().Split(heldOut: 0.2, seed: 1);

        var net = new Sequential(
            new Linear(64, 128, generator: random), new Relu(), new Linear(128, 10, generator: random)).To(device);
        var optimizer = new Adam(net.Parameters, learningRate: 3e-3);
        var batches = new Batches(training.Scaled(1.0 / 16), size: 64, random, device);
        for (int epoch = 0; epoch < 10; epoch++)
        {
            foreach (var (images, labels) in batches.Epoch())
            {
                optimizer.ZeroGrad();
                net.Forward(images).CrossEntropy(labels).Backward();
                optimizer.Step();
            }
        }

        Tensor predicted = net.Forward(heldOut.Features.To(device) / 16).ArgMax();
        Safetensors.Save("digits.safetensors", net.State());

        double right = predicted.ToArray<long>().Zip(heldOut.Labels.ToArray<long>()).Count(pair => pair.First == pair.Second);
        Assert.True(right / heldOut.Count > 0.95, $"{right} of {heldOut.Count} right");
        float[] trained = net.Parameters[0].ToArray<float>();
        net.Parameters[0].Assign(Tensor.Zeros([128, 64], device: device));
        net.Load(Safetensors.Load("digits.safetensors").Tensors);
        Assert.Equal(trained, net.Parameters[0].ToArray<float>());
    }

    [Fact]
    public void CapturedTraining()
    {
        var eager = Parts();
        foreach (var (x, y) in eager.Batches.Epoch())
        {
            eager.Optimizer.ZeroGrad();
            eager.Net.Forward(x).CrossEntropy(y).Backward();
            eager.Optimizer.Step();
        }

        var (net, optimizer, batches) = Parts();
        var step = Step.Capture((images, labels) =>
        {
            optimizer.ZeroGrad();
            Tensor loss = net.Forward(images).CrossEntropy(labels);
            loss.Backward();
            optimizer.Step();
            return loss;                                     // overwritten by the next Run
        });
        foreach (var (images, labels) in batches.Epoch())
        {
            double loss = step.Run(images, labels).Item();   // twice as it stands, then recorded, then replayed: all are true steps
        }

        Assert.Equal(1, step.Recordings);
        Assert.Equal(eager.Net.Parameters[0].ToArray<float>(), net.Parameters[0].ToArray<float>());

        static (Sequential Net, Adam Optimizer, Batches Batches) Parts()
        {
            var random = new Generator(seed: 1);
            var net = new Sequential(new Linear(64, 128, generator: random), new Relu(), new Linear(128, 10, generator: random));
            return (net, new Adam(net.Parameters, learningRate: 3e-3), new Batches(Digits.Load().Scaled(1.0 / 16), size: 64, random, Device.Cpu));
        }
    }

    /// <summary>Snake: y = x + sin²(a·x)/a; y' = 1 + sin(2·a·x).</summary>
    public readonly struct Snake(Number a) : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T>
        {
            var s = T.Sin(T.Param(a) * x);
            return x + (s * s / T.Param(a));
        }

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One + T.Sin(T.Const(2) * T.Param(a) * x);
    }

    [Fact]
    public void OwnOps()
    {
        Tensor x = Tensor.From([0.5f, 1f]);

        Tensor y = x.Map(new Snake(a: 2));
        Tensor h = Autodiff.Hvp(v => v.Map(new Snake(2)).Sum(), x, Tensor.Ones([2])); // 2·a·cos(2·a·x), from Slope

        Gradcheck.Assert(v => v.Map(new Snake(a: 2)), Tensor.From([0.5, 1.0]));

        double[] points = [0.5, 1];
        double[] values = [.. points.Select(p => p + (Math.Pow(Math.Sin(2 * p), 2) / 2))];
        double[] curvatures = [.. points.Select(p => 4 * Math.Cos(4 * p))];
        Close.Assert(values, Close.Values(y), 1e-6, "snake");
        Close.Assert(curvatures, Close.Values(h), 1e-6, "snake''");
    }

    private static class Wrong
    {
        /// <summary>The snake above with cos for sin.</summary>
        public readonly struct Snake(Number a) : IUnary
        {
            public T Value<T>(T x)
                where T : IReal<T> => new ReadmeTests.Snake(a).Value(x);

            public T Slope<T>(T x, T y)
                where T : IReal<T> => T.One + T.Cos(T.Const(2) * T.Param(a) * x);
        }
    }

    /// <summary>The report that the README shows is what is said of that op.</summary>
    [Fact]
    public void Report()
    {
        var e = Assert.Throws<GradcheckException>(() => Gradcheck.Assert(v => v.Map(new Wrong.Snake(a: 2)), Tensor.From([0.5, 1.0])));
        string line = e.Message.Split('\n')[1];
        Assert.Contains(line[..line.IndexOf("run at", StringComparison.Ordinal)], Resource("README.md").Replace(";\n  in ", "; in "));
    }

    /// <summary>A text without indentation and empty lines.</summary>
    private static string Lines(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)) + "\n";

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
