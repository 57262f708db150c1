using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>Modules: their functions, their gradients, and their state.</summary>
public sealed class NnModuleTests
{
    [Fact]
    public void LinearIsInitialisedWithinItsBound()
    {
        var layer = new Linear(100, 50, generator: new Generator(1));
        float[] weights = layer.Weight.ToArray<float>();

        Assert.Equal([50, 100], layer.Weight.Shape);
        Assert.Equal([50], layer.Bias!.Shape);
        Assert.All(weights, w => Assert.InRange(w, -0.1, 0.1));

        // Uniform on ±0.1: the deviation is 0.1/√3, that of the mean of 5,000 is a 70th of it; five of those.
        Assert.InRange(weights.Average(), -0.0041, 0.0041);
        Assert.InRange(Math.Sqrt(weights.Average(w => w * w)), 0.95 * 0.1 / Math.Sqrt(3), 1.05 * 0.1 / Math.Sqrt(3));
        Assert.Equal(weights, new Linear(100, 50, generator: new Generator(1)).Weight.ToArray<float>());
        Assert.NotEqual(weights, new Linear(100, 50, generator: new Generator(2)).Weight.ToArray<float>());
        Assert.NotEqual(new Linear(100, 50).Weight.ToArray<float>(), new Linear(100, 50).Weight.ToArray<float>());
    }

    [Theory]
    [InlineData(new[] { 3 }, new[] { 2 })]
    [InlineData(new[] { 4, 3 }, new[] { 4, 2 })]
    [InlineData(new[] { 5, 4, 3 }, new[] { 5, 4, 2 })]
    [InlineData(new[] { 0, 3 }, new[] { 0, 2 })]
    public void LinearMapsTheLastAxis(int[] from, int[] to)
    {
        var layer = new Linear(3, 2, generator: new Generator(3), dtype: DType.Float64);
        var x = new Generator(4).Normal(new Shape(from), dtype: DType.Float64);
        double[] w = layer.Weight.ToArray<double>();
        double[] b = layer.Bias!.ToArray<double>();
        double[] expected =
        [
            .. x.ToArray<double>().Chunk(3).SelectMany(row =>
                Enumerable.Range(0, 2).Select(o => b[o] + row.Select((value, i) => value * w[(o * 3) + i]).Sum())),
        ];

        var y = layer.Forward(x);

        Assert.Equal(new Shape(to), y.Shape);
        Close.Assert(expected, y.ToArray<double>(), 1e-14, "x·Wᵀ + b");
    }

    [Fact]
    public void LinearNamesBothShapesWhereTheyDoNotFit()
    {
        var error = Assert.Throws<ArgumentException>(() => new Linear(3, 2).Forward(Tensor.Zeros([4, 5])));

        Assert.Contains("[4, 5]", error.Message);
        Assert.Contains("[2, 3]", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Linear(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Linear(2, 0));
    }

    /// <summary>Two layers with tanh between them and the squared error, differentiated by hand on plain arrays.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void GradientsAreThoseOfBackpropagationByHand(string name)
    {
        var device = TestDevices.Require(name);
        var generator = new Generator(5);
        const int N = 6, I = 4, H = 5, O = 3;
        var first = new Linear(I, H, generator: generator, dtype: DType.Float64);
        var second = new Linear(H, O, generator: generator, dtype: DType.Float64);
        var x = generator.Normal([N, I], dtype: DType.Float64);
        var target = generator.Normal([N, O], dtype: DType.Float64);
        var (w1, b1) = (first.Weight.ToArray<double>(), first.Bias!.ToArray<double>());
        var (w2, b2) = (second.Weight.ToArray<double>(), second.Bias!.ToArray<double>());
        var (xs, ts) = (x.ToArray<double>(), target.ToArray<double>());
        var (gw1, gb1, gw2, gb2) = (new double[H * I], new double[H], new double[O * H], new double[O]);
        double loss = 0;
        for (int n = 0; n < N; n++)
        {
            var hidden = new double[H];
            for (int h = 0; h < H; h++)
            {
                double sum = b1[h];
                for (int i = 0; i < I; i++)
                {
                    sum += w1[(h * I) + i] * xs[(n * I) + i];
                }

                hidden[h] = Math.Tanh(sum);
            }

            var back = new double[H];
            for (int o = 0; o < O; o++)
            {
                double y = b2[o];
                for (int h = 0; h < H; h++)
                {
                    y += w2[(o * H) + h] * hidden[h];
                }

                double off = y - ts[(n * O) + o];
                loss += off * off / (N * O);
                double g = 2 * off / (N * O);
                gb2[o] += g;
                for (int h = 0; h < H; h++)
                {
                    gw2[(o * H) + h] += g * hidden[h];
                    back[h] += g * w2[(o * H) + h];
                }
            }

            for (int h = 0; h < H; h++)
            {
                double g = back[h] * (1 - (hidden[h] * hidden[h]));
                gb1[h] += g;
                for (int i = 0; i < I; i++)
                {
                    gw1[(h * I) + i] += g * xs[(n * I) + i];
                }
            }
        }

        var net = new Sequential(first, new Tanh(), second).To(device);
        var actual = net.Forward(x.To(device)).MeanSquaredError(target.To(device));
        actual.Backward();

        Assert.Equal(loss, actual.Item(), 1e-13);
        Close.Assert(gw1, Close.Values(first.Weight.Grad!), 1e-13, "∂/∂W₁");
        Close.Assert(gb1, Close.Values(first.Bias!.Grad!), 1e-13, "∂/∂b₁");
        Close.Assert(gw2, Close.Values(second.Weight.Grad!), 1e-13, "∂/∂W₂");
        Close.Assert(gb2, Close.Values(second.Bias!.Grad!), 1e-13, "∂/∂b₂");
    }

    [Fact]
    public void StateIsNamedByFieldsAndNumbers()
    {
        var module = new Nested();

        Assert.Equal(
            ["scale", "body.0.weight", "body.0.bias", "body.2.weight", "heads.0.weight", "heads.1.weight", "heads.1.bias", "frozen"],
            module.State().Keys);
        Assert.Equal(7, module.Parameters.Count);
        Assert.DoesNotContain(module.State()["frozen"], module.Parameters);
        Assert.Same(module.Heads[0], module.Again);
    }

    [Fact]
    public void StateGoesFromOneModuleToAnother()
    {
        var a = Mlp(1);
        var b = Mlp(2);
        var weight = b.State()["0.weight"];
        var x = new Generator(3).Normal([5, 4]);
        Assert.NotEqual(a.Forward(x).ToArray<float>(), b.Forward(x).ToArray<float>());

        b.Load(a.State());

        Assert.Equal(a.Forward(x).ToArray<float>(), b.Forward(x).ToArray<float>());
        Assert.Same(weight, b.State()["0.weight"]);
    }

    [Fact]
    public void AStateThatDoesNotFitIsNamedInFullAndCopiesNothing()
    {
        var net = Mlp(1);
        float[] before = net.State()["0.bias"].ToArray<float>();
        var state = new Dictionary<string, Tensor>(Mlp(2).State()) { ["2.weight"] = Tensor.Zeros([3, 7]), ["4.weight"] = Tensor.Zeros([1]) };
        state.Remove("2.bias");

        var error = Assert.Throws<InvalidDataException>(() => net.Load(state));

        Assert.Equal(
            "Load: the state does not fit the module: missing: 2.bias; unexpected: 4.weight; 2.weight is [3, 7], not [3, 8].", error.Message);
        Assert.Equal(before, net.State()["0.bias"].ToArray<float>());
    }

    [Fact]
    public void TrainAndEvalReachEveryModule()
    {
        var dropout = new Dropout(0.5, new Generator(1));
        var net = new Sequential(new Sequential(dropout));

        Assert.True(dropout.Training);
        net.Eval();
        Assert.False(dropout.Training);
        Assert.Equal([1f, 2f], net.Forward(Tensor.From([1f, 2f])).ToArray<float>());
        net.Train();
        Assert.True(dropout.Training);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void DropoutKeepsTheMeanAndGivesTheGradientToWhatIsLeft(string name)
    {
        var device = TestDevices.Require(name);
        const int N = 20000;
        const double P = 0.3;
        var x = Tensor.Full([N], 2, device: device);
        x.RequiresGrad = true;

        var y = new Dropout(P, new Generator(7)).Forward(x);
        y.Sum().Backward();
        float[] values = y.ToArray<float>();

        // Each is 0 or 2/0.7; the share of zeros has deviation √(0.3·0.7/N) = 0.0032: five of those.
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value - (2 / 0.7)) < 1e-6));
        Assert.InRange(values.Count(value => value == 0) / (double)N, P - 0.0165, P + 0.0165);
        Assert.InRange(values.Average(), 2 - 0.05, 2 + 0.05);
        Close.Assert(Array.ConvertAll(values, value => value / 2.0), Close.Values(x.Grad!), 1e-6, "slope");
    }

    [Fact]
    public void DropoutDrawsAnewAndIsReproducible()
    {
        var x = Tensor.Ones([200]);
        var dropout = new Dropout(0.5, new Generator(1));
        float[] first = dropout.Forward(x).ToArray<float>();

        Assert.NotEqual(first, dropout.Forward(x).ToArray<float>());
        Assert.Equal(first, new Dropout(0.5, new Generator(1)).Forward(x).ToArray<float>());
        Assert.Equal(new float[200], new Dropout(1).Forward(x).ToArray<float>());
        Assert.Same(x, new Dropout(0).Forward(x));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(double.NaN));
    }

    [Theory]
    [InlineData("relu", -1.5, 0)]
    [InlineData("leaky-relu", -1.5, -0.015)]
    [InlineData("tanh", 0.5, 0.46211715726000975)]
    [InlineData("sigmoid", 0.5, 0.6224593312018546)]
    [InlineData("silu", 0.5, 0.3112296656009273)]
    [InlineData("Softplus", 0.5, 0.9740769841801067)]
    public void ActivationsAreFoundByName(string name, double x, double y) =>
        Assert.Equal(y, Activation.Parse(name).Forward(Tensor.Scalar(x, DType.Float64)).Item(), 1e-14);

    [Fact]
    public void AnUnknownActivationListsTheKnown()
    {
        var error = Assert.Throws<FormatException>(() => Activation.Parse("gelo"));

        Assert.All(Activation.Names, name => Assert.Contains(name, error.Message));
        Assert.All(Activation.Names, name => Assert.NotNull(Activation.Parse(name)));
        Assert.Contains("'gelo'", error.Message);
    }

    [Fact]
    public void ListsAndDictionariesOfTensorsAreState()
    {
        var module = new Lists();

        Assert.Equal(["array.0", "array.1", "list.0", "named.a", "layers.first.weight"], module.State().Keys);
        Assert.Same(module.Array[1], module.State()["array.1"]);
        Assert.Equal(2, module.Parameters.Count);
    }

    private static Sequential Mlp(ulong seed)
    {
        var generator = new Generator(seed);
        return new Sequential(new Linear(4, 8, generator: generator), new Relu(), new Linear(8, 3, generator: generator));
    }

    private abstract class Base : Module
    {
        private readonly Tensor scale = Parameter();

        public Tensor Scale => scale;

        protected static Tensor Parameter()
        {
            var parameter = Tensor.Ones([2]);
            parameter.RequiresGrad = true;
            return parameter;
        }
    }

    private sealed class Lists : Module
    {
        public Tensor[] Array { get; } = [Tensor.Ones([2]), Tensor.Zeros([3])];

        public List<Tensor> List { get; } = [new Linear(2, 1).Weight];

        public Dictionary<string, Tensor> Named { get; } = new() { ["a"] = Tensor.Ones([1]) };

        public Dictionary<string, Linear> Layers { get; } = new() { ["first"] = new Linear(2, 2, bias: false) };

        public List<string> Words { get; } = ["no", "tensors"];

        public override Tensor Forward(Tensor x) => x;
    }

    private sealed class Nested : Base
    {
        public Nested() => Again = Heads[0];

        public Sequential Body { get; } = new(new Linear(2, 2), new Tanh(), new Linear(2, 2, bias: false));

        public List<Module> Heads { get; } = [new Linear(2, 1, bias: false), new Linear(2, 1)];

        // What is there already is not found again.
        public Module Again { get; }

        public Tensor Frozen { get; } = Tensor.Ones([3]);

        public Tensor? None { get; }

        public Tensor Number { get; } = 0.5;

        public override Tensor Forward(Tensor x) => Heads[1].Forward(Body.Forward(x * Scale));
    }
}
