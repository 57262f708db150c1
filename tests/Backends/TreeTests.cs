using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Gpu.Autograd.Tests;

/// <summary>Structures of tensors are taken apart and put together, and held against each other.</summary>
public class TreeTests
{
    private static readonly Tensor A = Tensor.From<double>([1, 2]);
    private static readonly Tensor B = Tensor.From<double>([3, 4, 5]);

    private sealed record Line(Tensor Slope, Tensor? Offset, string Name = "");

    private readonly record struct Pair(Tensor First, Tensor Second)
    {
        public required double Scale { get; init; }
    }

    private sealed record Held(Tensor W)
    {
        public Tensor Only { get; } = B;

        public Tensor? Field;

        public Tensor Computed => W * 2;
    }

    private struct Fields
    {
        public Tensor W;
        public int Count;
    }

    private sealed class Plain(Tensor w, Tensor[] rest)
    {
        public Tensor W => w;

        public Tensor[] Rest => rest;

        public string Note { get; set; } = "";
    }

    /// <summary>A key that has no order.</summary>
    private sealed record Key(string Name);

    /// <summary>The gradient of half the sum of squares is the structure itself: of the same type, in the same order, with the same keys.</summary>
    [Fact]
    public void Every_collection_comes_back_as_it_is()
    {
        Dictionary<string, Tensor> named = new() { ["b"] = B, ["a"] = A };
        Same(new[] { A, B }, "[0]", "[1]");
        Same(new List<Tensor> { A, B }, "[0]", "[1]");
        Same(ImmutableArray.Create(A, B), "[0]", "[1]");
        Same(ImmutableList.Create(A, B), "[0]", "[1]");
        Same(new List<Tensor> { A, B }.AsReadOnly(), "[0]", "[1]");
        Same<IReadOnlyList<Tensor>>(new List<Tensor> { A, B }, "[0]", "[1]");
        Same<IReadOnlyList<Tensor>>(ImmutableArray.Create(A, B), "[0]", "[1]");
        Same(named, "[\"a\"]", "[\"b\"]");
        Same<IReadOnlyDictionary<string, Tensor>>(named, "[\"a\"]", "[\"b\"]");
        Same<IReadOnlyDictionary<string, Tensor>>(named.ToFrozenDictionary(), "[\"a\"]", "[\"b\"]");
        Same(named.ToFrozenDictionary(), "[\"a\"]", "[\"b\"]");
        Same(named.ToImmutableDictionary(), "[\"a\"]", "[\"b\"]");
        Same(named.ToImmutableSortedDictionary(), "[\"a\"]", "[\"b\"]");
        Same(named.AsReadOnly(), "[\"a\"]", "[\"b\"]");
        Same(new SortedDictionary<string, Tensor>(named), "[\"a\"]", "[\"b\"]");
        Same(new SortedList<string, Tensor>(named), "[\"a\"]", "[\"b\"]");
        Same(new OrderedDictionary<string, Tensor>(named), "[\"b\"]", "[\"a\"]");
        Same(new Dictionary<int, Tensor> { [2] = B, [1] = A }, "[1]", "[2]");
        Same(new Dictionary<(int, int), Tensor> { [(2, 0)] = B, [(1, 7)] = A }, "[(1, 7)]", "[(2, 0)]");
        Same(new Dictionary<object, Tensor> { ["b"] = B, ["a"] = A, ["B"] = A }, "[\"B\"]", "[\"a\"]", "[\"b\"]");
        Same(new Dictionary<Key, Tensor> { [new("z")] = B, [new("a")] = A }, "[Key { Name = z }]", "[Key { Name = a }]");
        Same((A, (B, A)), ".Item1", ".Item2.Item1", ".Item2.Item2");
        Same((A, 1, 2, 3, 4, 5, 6, B, A), ".Item1", ".Item8", ".Item9");
        Same(Tuple.Create(A, "name", B), ".Item1", ".Item3");
        Same(KeyValuePair.Create("a", A), ".Value");
        Same(new { Left = A, Right = new[] { B } }, ".Left", ".Right[0]");
        Same(new Line(A, null, "a line"), ".Slope");
        Same(new Pair(A, B) { Scale = 3 }, ".First", ".Second");
        Same(new Plain(A, [B]) { Note = "kept" }, ".W", ".Rest[0]");
        Same(new Held(A) { Field = A }, ".W", ".Only", ".Field");
        Same(new Fields { W = A, Count = 3 }, ".W");
        Same(new Dictionary<string, (Tensor, Line[])> { ["net"] = (A, [new(B, A), new(A, null)]) },
            "[\"net\"].Item1", "[\"net\"].Item2[0].Slope", "[\"net\"].Item2[0].Offset", "[\"net\"].Item2[1].Slope");
        Same(A, "");
        Same(Array.Empty<Tensor>());
        Same(default(ImmutableArray<Tensor>));
        Same((A, 5, "five", 2.5m, DayOfWeek.Friday, new Shape(2), Device.Cpu, new float[] { 1 }, (PerAxis)2), ".Item1");

        // What the compiler makes of a list for an interface is an array afterwards.
        IReadOnlyList<Tensor> literal = [A, B];
        Assert.Equal(["[0]", "[1]"], Tree.Paths(literal));
        Assert.IsType<Tensor[]>(Autodiff.Grad<IReadOnlyList<Tensor>>(x => (x[0] * 2).Sum() + (x[1] * 3).Sum())(literal));
    }

    private static void Same<T>(T tree, params string[] paths)
    {
        Assert.Equal(paths, Tree.Paths(tree));
        var gradient = Autodiff.Grad<T>(x => Tree.Flatten(x).Aggregate((Tensor)0, (sum, t) => sum + (t.Square().Sum() / 2)))(tree);
        Assert.Equal(tree!.GetType(), gradient!.GetType());
        Assert.Equal(paths, Tree.Paths(gradient));
        Assert.Equal(
            Tree.Flatten(tree).Select(Close.Values), Tree.Flatten(gradient).Select(Close.Values));
        var carried = Tree.Map(gradient, _ => A);
        Assert.Equal(Tree.Map(tree, _ => A)!.ToString(), carried!.ToString());
    }

    [Fact]
    public void What_is_not_a_tensor_is_kept()
    {
        static T Twice<T>(T x) => Tree.Map(x, t => 2 * t);
        Assert.Equal("a line", Twice(new Line(A, B, "a line")).Name);
        Assert.Equal(3, Twice(new Pair(A, B) { Scale = 3 }).Scale);
        Assert.Equal("kept", Twice(new Plain(A, [B]) { Note = "kept" }).Note);
        Assert.Equal(3, Twice(new Fields { W = A, Count = 3 }).Count);
        Close.Assert(2 * B, Twice(new Held(A)).Only, 0, "a property that is only read");
        Assert.Null(Twice(new Held(A)).Field);
    }

    /// <summary>Lookups in the gradient follow the comparer of the argument; a dictionary lists its entries as before.</summary>
    [Fact]
    public void Dictionaries_keep_comparer_and_order()
    {
        var any = StringComparer.OrdinalIgnoreCase;
        KeyValuePair<string, Tensor>[] entries = [new("W", A), new("b", B)];
        IReadOnlyDictionary<string, Tensor>[] all =
        [
            new Dictionary<string, Tensor>(entries, any), new OrderedDictionary<string, Tensor>(entries, any),
            new SortedDictionary<string, Tensor>(entries.ToDictionary(), any), new SortedList<string, Tensor>(entries.ToDictionary(), any),
            entries.ToImmutableDictionary(any), entries.ToImmutableSortedDictionary(any), entries.ToFrozenDictionary(any),
            new Dictionary<string, Tensor>(entries, any).AsReadOnly(),
        ];
        foreach (var dictionary in all)
        {
            var g = Autodiff.Grad<IReadOnlyDictionary<string, Tensor>>(p => (p["w"] * p["W"]).Sum() + p["B"].Sum())(dictionary);
            Close.Assert(2 * A, g["w"], 1e-15, dictionary.GetType().Name);
            Close.Assert(Tensor.Ones([3], DType.Float64), g["B"], 0, dictionary.GetType().Name);
            Assert.Equal(dictionary.Keys, g.Keys);
        }

        var descending = new SortedDictionary<int, Tensor>(Comparer<int>.Create((x, y) => y - x)) { [1] = A, [2] = B };
        Assert.Equal([2, 1], Tree.Map(descending, t => t).Keys);
        Assert.Equal(["[2]", "[1]"], Tree.Paths(descending));
        Assert.Equal(["b", "a"], Tree.Map(new Dictionary<string, Tensor> { ["b"] = B, ["a"] = A }, t => t).Keys);
    }

    /// <summary>A tangent or gradient belongs to the tensor of its key, whatever the order.</summary>
    [Fact]
    public void Structures_are_matched_by_their_keys()
    {
        IReadOnlyDictionary<string, Tensor> x = new OrderedDictionary<string, Tensor> { ["z"] = A, ["y"] = A * 10 };
        IReadOnlyDictionary<string, Tensor> t = new SortedDictionary<string, Tensor> { ["z"] = A * 100, ["y"] = A * 1000 };
        Tensor F(IReadOnlyDictionary<string, Tensor> p) => (p["z"] * p["z"]).Sum() + (7 * p["y"]).Sum();
        double expected = (2 * A * A * 100).Sum().Item() + (7000 * A).Sum().Item();
        Assert.Equal(expected, Autodiff.Jvp(F, x, t).Tangent.Item(), 1e-9);
        Assert.Equal(expected, Autodiff.Linearize(F, x).Jacobian(t).Item(), 1e-9);
        var (_, pullback) = Autodiff.Vjp(p => p, x);
        Close.Assert(A * 100, pullback(t)["z"], 0, "z");
        var sum = Tree.Map(x, t, (p, d) => p + d);
        Close.Assert(A * 1010, sum["y"], 1e-15, "y");
        Assert.IsType<OrderedDictionary<string, Tensor>>(sum);
    }

    [Fact]
    public void A_structure_of_another_form_is_an_error_that_names_the_leaf()
    {
        Dictionary<string, Tensor> x = new() { ["w1"] = A, ["w2"] = B };
        Dictionary<string, Tensor> missing = new() { ["w1"] = A }, extra = new(x) { ["w3"] = A }, other = new() { ["w1"] = A, ["W2"] = B };
        Dictionary<string, Tensor> shape = new() { ["w1"] = B, ["w2"] = B }, dtype = new() { ["w1"] = A, ["w2"] = B.To(DType.Float32) };
        static Tensor F(Dictionary<string, Tensor> p) => (p["w1"].Sum() * p["w2"]).Sum();
        foreach (var (transform, run) in new (string, Action<Dictionary<string, Tensor>>)[]
        {
            ("Jvp", t => Autodiff.Jvp(F, x, t)), ("Jvp", t => Autodiff.Hvp(F, x, t)), ("Linearize", t => Autodiff.Linearize(F, x).Jacobian(t)),
        })
        {
            void Fails(string expected, Dictionary<string, Tensor> t) =>
                Assert.Equal($"{transform}: {expected}", Assert.Throws<ArgumentException>(() => run(t)).Message);
            Fails("the argument's [\"w2\"], float64 [3], has no counterpart in the tangent.", missing);
            Fails("the tangent's [\"w3\"], float64 [2], has no counterpart in the argument.", extra);
            Fails("the argument's [\"w2\"], float64 [3], has no counterpart in the tangent.", other);
            Fails("the tangent's [\"w1\"], float64 [3] on cpu, is not like the argument's [\"w1\"], float64 [2] on cpu.", shape);
            Fails("the tangent's [\"w2\"], float32 [3] on cpu, is not like the argument's [\"w2\"], float64 [3] on cpu.", dtype);
        }

        Assert.Equal(
            "Vjp: the gradient's [\"w3\"], float64 [2], has no counterpart in the result.",
            Assert.Throws<ArgumentException>(() => Autodiff.Vjp(p => p, x).Pullback(extra)).Message);
        Assert.Equal(
            "Vjp: the result's [2], float64 [3], has no counterpart in the gradient.",
            Assert.Throws<ArgumentException>(() => Autodiff.Vjp(v => new[] { v, v, v }, B).Pullback([B, B])).Message);
        Assert.Equal(
            "Jvp: the tangent's [1].Offset, float64 [2], has no counterpart in the argument.",
            Assert.Throws<ArgumentException>(
                () => Autodiff.Jvp(l => l[0].Slope, new[] { new Line(A, A), new Line(B, null) }, [new(A, A), new(B, A)])).Message);
        Assert.Equal(
            "Jvp: the tangent's [0] is a structure, but the argument's [0], float64 [2], a tensor.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp<object[], Tensor>(v => (Tensor)v[0], [A], [new[] { A }])).Message);
        Assert.Equal(
            "Jvp: the tangent's [0], float64 [2], is a tensor, but the argument's [0] a structure.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp<object[], Tensor>(v => ((Tensor[])v[0])[0], [new[] { A }], [A])).Message);
        Assert.Equal(
            "Jvp: tangent 1's [\"w2\"], float64 [3] on cpu, is not like argument 1's [\"w2\"], float64 [2] on cpu.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp(
                (Tensor a, Dictionary<string, Tensor> p) => a.Sum() + p["w2"].Sum(), (A, new() { ["w2"] = A }), (A, new() { ["w2"] = B }))).Message);
        Assert.Equal(
            "Jvp: the argument's [0].Offset, float64 [2], has no counterpart in the tangent.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp(l => l[0].Slope, new[] { new Line(A, A) }, [new(A, null)])).Message);
        Assert.Equal(
            "Jvp: the argument, float64 [2], has no counterpart in the tangent.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp(v => v, A, null!)).Message);
        Assert.Equal(
            "Map: the first structure's [\"w2\"], float64 [3], has no counterpart in the second.",
            Assert.Throws<ArgumentException>(() => Tree.Map(x, missing, (a, b) => a + b)).Message);

        // A part without tensors needs none.
        Assert.Equal(3, Autodiff.Jvp<object?[], Tensor>(v => ((Tensor)v[0]!).Sum(), [A, null], [A]).Tangent.Item());
    }

    [Fact]
    public void Rules_of_ones_own_return_what_is_like_the_argument()
    {
        var x = (A, new List<Tensor> { B });
        var vjp = Autodiff.CustomVjp<(Tensor, List<Tensor>), Tensor, Tensor>(
            v => v.Item1.Sum(), v => (v.Item1.Sum(), v.Item1), (r, g) => (g * r, []));
        Assert.Equal(
            "CustomVjp: the argument's .Item2[0] has no counterpart in the rule's gradient.",
            Assert.Throws<ArgumentException>(() => Autodiff.Grad(vjp)(x)).Message);
        var jvp = Autodiff.CustomJvp<Tensor, List<Tensor>>(v => [v, v], (v, t) => ([v, v], [t]));
        Assert.Equal(
            "CustomJvp: the rule's result's [1], float64 [2], has no counterpart in its tangent.",
            Assert.Throws<ArgumentException>(() => Autodiff.Jvp(jvp, A, A)).Message);
    }

    [Fact]
    public void What_is_no_structure_is_an_error()
    {
        string Message(object tree) => Assert.Throws<ArgumentException>(() => Tree.Flatten(tree)).Message;
        const string Use = "is no structure of tensors; use tensors, arrays, lists, dictionaries, tuples, records or modules.";
        Assert.Equal($"Tree: a Thread {Use}", Message(Thread.CurrentThread));
        Assert.Equal($"Tree: the Queue<Tensor> at [\"w\"].Item2 {Use}", Message(new Dictionary<string, object> { ["w"] = (A, new Queue<Tensor>([A])) }));
        Assert.Contains("Tensor[,]", Message(new Tensor[1, 1]));
        Assert.Equal(
            "Tree: the keys of type Key have no order; use a Dictionary or an OrderedDictionary, or keys that are IComparable.",
            Message(new Dictionary<Key, Tensor> { [new("z")] = B, [new("a")] = A }.ToFrozenDictionary()));
        var circle = new List<object> { A };
        circle.Add(circle);
        Assert.Matches(@"^Tree: the structure nests \d+ deep, from \[1\]\[1\]\[1\] on; does it contain itself\?$", Message(circle));
        Assert.Contains("contain itself", Assert.Throws<ArgumentException>(() => Tree.Map(circle, t => t)).Message);
    }
}
