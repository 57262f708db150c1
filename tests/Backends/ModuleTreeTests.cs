using System.Collections.Immutable;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>A module is a structure of its parameters: its gradient is a module, and every transform takes it.</summary>
public class ModuleTreeTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Sequential Mlp(ulong seed, DType dtype = DType.Float64)
    {
        var generator = new Generator(seed);
        return new Sequential(
            new Linear(3, 4, generator: generator, dtype: dtype), new Nn.Tanh(), new Linear(4, 2, generator: generator, dtype: dtype));
    }

    private static Tensor Normal(ulong seed, params int[] shape) => new Generator(seed).Normal(new Shape(shape), dtype: DType.Float64);

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_gradient_of_a_module_is_a_module(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var net = Mlp(1);
        net.To(device);
        var x = Normal(2, 5, 3).To(device);
        var (value, g) = Autodiff.ValueAndGrad((Sequential n) => n.Forward(x).Square().Mean())(net);
        var loss = net.Forward(x).Square().Mean();
        loss.Backward();
        Close.Assert(loss, value, 1e-15, "value");
        Close.Assert(((Linear)net[0]).Weight.Grad!, ((Linear)g[0]).Weight, 1e-13, deviceName);
        Close.Assert(((Linear)net[2]).Bias!.Grad!, ((Linear)g[2]).Bias!, 1e-13, deviceName);
        Assert.Equal(net.State().Keys.Select(name => $".{name}"), Tree.Paths(net));
        Assert.Equal(Tree.Paths(net), Tree.Paths(g));

        // The tape has no part in it, and the module is as before.
        Assert.False(value.RequiresGrad);
        Assert.All(Tree.Flatten(g), t => Assert.False(t.RequiresGrad));
        Assert.All(net.Parameters, t => Assert.True(t.RequiresGrad));
        Assert.Equal(4, g.Parameters.Count);
        Assert.NotSame(net[0], g[0]);
    }

    /// <summary>Plain gradient descent on modules that are made anew each step is that of the optimizer.</summary>
    [Fact]
    public void A_module_is_trained_by_making_new_ones()
    {
        var (net, other) = (Mlp(1), Mlp(1));
        var (x, target) = (Normal(2, 8, 3), Normal(3, 8, 2));
        var sgd = new Sgd(other.Parameters, 0.1);
        for (int i = 0; i < 10; i++)
        {
            var g = Autodiff.Grad((Sequential n) => n.Forward(x).MeanSquaredError(target))(net);
            net = Tree.Map(net, g, (w, d) => w - (0.1 * d));
            sgd.ZeroGrad();
            other.Forward(x).MeanSquaredError(target).Backward();
            sgd.Step();
        }

        foreach (var (name, tensor) in other.State())
        {
            Close.Assert(tensor, net.State()[name], 1e-13, name);
        }

        other.Load(net.State());
        Close.Assert(other.Forward(x), net.Forward(x), 0, "loaded");
    }

    [Fact]
    public void Every_transform_takes_a_module()
    {
        var net = Mlp(1);
        var x = Normal(2, 5, 3);
        Tensor Loss(Sequential n) => n.Forward(x).Square().Sum();
        var functional = new Functional(net);
        Tensor Flat(Dictionary<string, Tensor> p) => functional.Call(p, x).Square().Sum();
        var (v, named) = (Tree.Map(net, t => t.Cos()), functional.Parameters.ToDictionary(p => p.Key, p => p.Value.Cos()));

        void Same(IReadOnlyDictionary<string, Tensor> expected, Sequential actual, string what)
        {
            foreach (var (name, tensor) in expected)
            {
                Close.Assert(tensor, actual.State()[name], 1e-12, $"{what}: {name}");
            }
        }

        Close.Assert(Autodiff.Jvp(Flat, functional.Parameters, named).Tangent, Autodiff.Jvp(Loss, net, v).Tangent, 1e-12, "Jvp");
        Close.Assert(Autodiff.Jvp(Loss, net, v).Tangent, Autodiff.Linearize(Loss, net).Jacobian(v), 1e-12, "Linearize");
        Same(Autodiff.Hvp(Flat, functional.Parameters, named), Autodiff.Hvp(Loss, net, v), "Hvp");
        Same(
            Autodiff.Grad<Dictionary<string, Tensor>>(Flat)(functional.Parameters),
            Autodiff.Grad<Sequential>(n => Autodiff.Checkpoint(Loss, n))(net), "Checkpoint");

        // The gradient of the squared norm of the gradient is 2·H·g.
        var g = Autodiff.Grad<Sequential>(Loss)(net);
        var second = Autodiff.Grad((Sequential n) => Tree.Flatten(Autodiff.Grad<Sequential>(Loss)(n)).Aggregate(
            (Tensor)0, (sum, t) => sum + t.Square().Sum()))(net);
        Same(Tree.Map(Autodiff.Hvp(Loss, net, g), t => 2 * t).State(), second, "Grad of Grad");

        // One gradient a sample; and an ensemble, whose members have an axis more.
        var each = Autodiff.Vmap<Sequential, Tensor, Sequential>(
            (n, sample) => Autodiff.Grad((Sequential m) => m.Forward(sample).Square().Sum())(n), null, 0)(net, x);
        Same(g.State(), Tree.Map(each, t => t.Sum(0)), "per sample");
        var members = new[] { Mlp(1), Mlp(5) };
        var stacked = Tree.Map(members[0], members[1], (a, b) => Tensor.Concat([a.Reshape([1, .. a.Shape.Lengths]), b.Reshape([1, .. b.Shape.Lengths])]));
        var together = Autodiff.Vmap<Sequential, Tensor>(n => n.Forward(x))(stacked);
        Close.Assert(members[1].Forward(x), together[1..].Reshape(5, 2), 1e-14, "ensemble");

        // In a call with other parameters the module's are these.
        var inside = functional.Call(named, () => Autodiff.Grad<Sequential>(Loss)(net));
        Same(Autodiff.Grad<Dictionary<string, Tensor>>(Flat)(named), inside, "in a call of Functional");
        var outer = Autodiff.Grad<Dictionary<string, Tensor>>(p => functional.Call(p, () => Loss(Tree.Map(net, t => t * t))))(named);
        var alone = Autodiff.Grad<Dictionary<string, Tensor>>(p => Flat(p.ToDictionary(q => q.Key, q => q.Value * q.Value)))(named);
        Close.Assert(alone["0.weight"], outer["0.weight"], 1e-12, "the gradient through Functional");
        Same(Autodiff.Grad<Dictionary<string, Tensor>>(Flat)(functional.Parameters), g, "Grad");
    }

    [Fact]
    public void All_but_the_parameters_is_shared()
    {
        var net = new Sequential(new Linear(3, 4, generator: new Generator(1)), new BatchNorm(4), new Dropout(0.5, new Generator(2)));
        ((Linear)net[0]).Bias!.RequiresGrad = false;
        net.Eval();
        Assert.Equal([".0.weight", ".1.weight", ".1.bias"], Tree.Paths(net));
        var g = Autodiff.Grad((Sequential n) => n.Forward(Tensor.Ones([2, 3])).Square().Sum())(net);
        Assert.Same(((Linear)net[0]).Bias, ((Linear)g[0]).Bias);
        Assert.Same(((BatchNorm)net[1]).RunningMean, ((BatchNorm)g[1]).RunningMean);
        Assert.False(g[2].Training);
        Assert.Equal(net.State().Keys, g.State().Keys);
        Assert.Equal(["0.weight", "1.weight", "1.bias"], new Functional(g).Parameters.Keys);
        Assert.Equal([".weight"], Tree.Paths(g[0]));
    }

    /// <summary>Parts in every kind of field, some of them in two places.</summary>
    private sealed class Mixed : Mother
    {
        private readonly List<Linear> list;
        private readonly Dictionary<string, Module> named;
        private readonly ImmutableArray<Tensor> scales = [Parameter(2), Parameter(3)];
        private readonly Module?[] self = new Module?[1];
        private readonly Func<Tensor, Tensor> activation = x => x.Tanh();

        public Mixed()
        {
            var shared = new Linear(1, 1, bias: false, generator: new Generator(1), dtype: DType.Float64);
            list = [shared, new Linear(1, 1, bias: false, generator: new Generator(2), dtype: DType.Float64)];
            named = new() { ["z"] = shared, ["a"] = new Linear(1, 1, bias: false, generator: new Generator(3), dtype: DType.Float64) };
            self[0] = this;
        }

        public Tensor Number { get; set; } = 4;

        public IReadOnlyList<Tensor> All => [InMother, list[0].Weight, list[1].Weight, ((Linear)named["a"]).Weight, .. scales];

        public bool IsWhole => self[0] == this && named["z"] == list[0];

        public override Tensor Forward(Tensor x) => activation(named["z"].Forward(list[0].Forward(x * InMother)) * scales[0])
            + (list[1].Forward(named["a"].Forward(x)) * scales[1] * Number);
    }

    private abstract class Mother : Module
    {
        private readonly Tensor mine = Parameter(1.5);

        public Tensor InMother => mine;

        protected static Tensor Parameter(double value)
        {
            var t = Tensor.Scalar(value, DType.Float64);
            t.RequiresGrad = true;
            return t;
        }
    }

    [Fact]
    public void Parts_that_are_shared_stay_shared()
    {
        var module = new Mixed();
        var x = Normal(1, 3, 1);
        var g = Autodiff.Grad((Mixed m) => m.Forward(x).Square().Sum())(module);
        module.Forward(x).Square().Sum().Backward();
        Assert.Equal([".mine", ".list.0.weight", ".list.1.weight", ".named.a.weight", ".scales.0", ".scales.1"], Tree.Paths(module));
        foreach (var (tensor, gradient) in module.All.Zip(g.All))
        {
            Close.Assert(tensor.Grad!, gradient, 1e-13, "shared parts");
        }

        Assert.True(g.IsWhole);
        Assert.Same(module.Number, g.Number);
        Close.Assert(module.Forward(x), Tree.Map(module, t => t).Forward(x), 0, "a copy");
    }

    /// <summary>One object for two parameters is still two parameters, and a number is one.</summary>
    [Fact]
    public void Any_tensors_may_stand_for_parameters()
    {
        var net = new Linear(3, 3, dtype: DType.Float64);
        var one = Normal(1, 3);
        var made = Tree.Map(net, _ => one);
        Assert.Equal([".weight", ".bias"], Tree.Paths(made));
        Assert.Equal([".weight", ".bias"], Tree.Paths(Tree.Map(net, _ => 0)));
        var (a, b) = (Tree.Rebuild(made, [one, one * 2]), Tree.Rebuild(made, [made.Bias!, made.Weight]));
        Close.Assert(2 * one, a.Bias!, 0, "bias");
        Assert.Equal(2, Tree.Flatten(b).Count);

        // The gradients of w + b are one object.
        var g = Autodiff.Grad((Linear n) => (n.Weight + n.Bias!).Sum())(Tree.Map(net, _ => one));
        Assert.Equal(2, Tree.Flatten(g).Count);
        var inner = new Sequential(new Nn.Tanh(), made);
        Assert.Equal([".1.weight", ".1.bias"], Tree.Paths(inner));
    }

    private sealed class Delegates : Module
    {
        private readonly Linear layer = new(2, 2);
        private readonly Func<Tensor, Tensor> function;

        public Delegates() => function = x => layer.Forward(x);

        public override Tensor Forward(Tensor x) => function(x);
    }

    private sealed class Helped : Module
    {
        private readonly Linear layer = new(2, 2);
        private readonly Tuple<int, object> helper;

        public Helped() => helper = Tuple.Create(1, (object)new[] { layer.Weight });

        public override Tensor Forward(Tensor x) => layer.Forward(x);

        public override string ToString() => $"{helper}";
    }

    private sealed class Unknown : Module
    {
        private readonly Queue<Linear> layers = new([new Linear(2, 2)]);

        public override Tensor Forward(Tensor x) => layers.Peek().Forward(x);
    }

    /// <summary>Where a copy would still use the module's own parameters, its gradient would be 0 in silence.</summary>
    [Fact]
    public void What_cannot_be_copied_is_an_error()
    {
        static string Message<T>(T module)
            where T : Module => Assert.Throws<ArgumentException>(() => Autodiff.Grad((T m) => m.Forward(Tensor.Ones([1, 2])).Sum())(module)).Message;
        Assert.Equal(
            "Tree: Delegates.function, a Func<Tensor, Tensor>, refers to parameters of its module, so that a copy of the module would still " +
            "use these; call the module with other parameters by Functional.",
            Message(new Delegates()));
        Assert.Contains("Helped.helper", Message(new Helped()));
        Assert.Equal(
            "Tree: Unknown.layers, a Queue<Linear>, cannot be made again with other parameters; call the module with these by Functional.",
            Message(new Unknown()));
        var net = new Functional(new Delegates());
        Assert.Equal(2, Autodiff.Grad<Dictionary<string, Tensor>>(p => net.Call(p, Tensor.Ones([1, 2])).Sum())(net.Parameters)["layer.bias"].Sum().Item());
    }
}
