using System.Text.RegularExpressions;
using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>The recorded graph as text and as DOT.</summary>
public class GraphTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Leaf(params int[] shape) => Leaf(Device.Cpu, shape);

    private static Tensor Leaf(Device device, params int[] shape)
    {
        var x = Tensor.Ones(new Shape(shape), device: device);
        x.RequiresGrad = true;
        return x;
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_tape_as_text(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (x, w) = (Tensor.Ones([4, 3], device: device), Leaf(device, 3, 2));
        var b = Leaf(device, 2);
        var y = ((2 * x.MatMul(w)) + b).Tanh().Sum();
        var graph = y.ToGraph(new Dictionary<string, Tensor> { ["w"] = w });
        Assert.Equal(
            """
            w = leaf                            float32 [3, 2]
            x1 = leaf                           float32 [2]
            t1 = MatMul(const, w)  MatMul       float32 [4, 2]
            t2 = 2·t1              Mul          float32 [4, 2]
            t3 = BroadcastTo(x1)   BroadcastTo  float32 [4, 2]
            t4 = t2 + t3           Add          float32 [4, 2]
            t5 = tanh(t4)          Tanh         float32 [4, 2]
            t6 = Sum(t5)           Sum          float32 []

            """,
            graph.ToString(),
            ignoreLineEndingDifferences: true);
        Assert.Equal("t6 = Sum(t5): float32 []", graph.Nodes[^1].ToString());
        Assert.Same(graph.Nodes[^2], graph.Nodes[^1].Operands.Single());
        Assert.Equal(2, graph.Nodes.Count(node => node.Op is null));

        y.Backward();
        Assert.Equal("t1 = Sum(…), dropped by Backward  Sum  float32 []\n", y.ToGraph().ToString());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Inside_of_transforms(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        string text = "";
        Autodiff.Grad((a, b) =>
        {
            var y = (a * b.Square()).Sum();
            text = y.ToGraph(new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b }).ToString();
            return y;
        })(Tensor.Ones([3], device: device), Tensor.Ones([3], device: device));
        Assert.Matches(@"t1 = b²\s+Square\s+float32 \[3\]\nt2 = a·t1\s+Mul", text);

        // The lines are there where they were captured.
        var x = Leaf(device, 2);
        using (Autodiff.DetectAnomaly())
        {
            Assert.Contains("GraphTests.cs:line", x.Exp().ToGraph().Nodes[^1].Line);
        }

        Assert.Contains("ToGraph: float32 [2]", Assert.Throws<InvalidOperationException>(() => Tensor.Ones([2]).ToGraph()).Message);
    }

    /// <summary>Every node has a line, every edge joins two of them, and names cannot break out of their quotes.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Dot(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var net = new Sequential(new Linear(3, 4), new Tanh(), new Linear(4, 1));
        net.To(device);
        var graph = net.Forward(Tensor.Ones([2, 3], device: device)).ToGraph(net.State().ToDictionary(named => $"\"{named.Key}\\", named => named.Value));
        string dot = graph.ToDot();
        string[] lines = dot.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(("digraph {", "}"), (lines[0], lines[^1]));
        Assert.Equal(graph.Nodes.Count, lines.Count(line => Regex.IsMatch(line, """^  n\d+ \[label="([^"\\]|\\.)*"(, style=filled, fillcolor="#\w+")?\];$""")));
        var edges = lines.Select(line => Regex.Match(line, @"^  n(\d+) -> n(\d+);$")).Where(match => match.Success).ToArray();
        Assert.Equal(graph.Nodes.Sum(node => node.Operands.Count), edges.Length);
        Assert.All(edges, edge => Assert.True(int.Parse(edge.Groups[1].Value) < int.Parse(edge.Groups[2].Value)));
        Assert.Equal(lines.Length, graph.Nodes.Count + edges.Length + 3);
        Assert.Contains("label=\"\\\"0.weight\\\\\\nfloat32 [3, 4]\"", dot.Replace("[4, 3]", "[3, 4]"));
    }

    /// <summary>No recursion: a chain may be as long as memory allows.</summary>
    [Fact]
    public void A_deep_graph()
    {
        var y = Leaf();
        for (int i = 0; i < 20_000; i++)
        {
            y = y.Sin();
        }

        Assert.Equal(20_001, y.ToGraph().Nodes.Count);
    }
}
