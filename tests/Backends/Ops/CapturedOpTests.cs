using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>Every op, its gradients and its tangents in a captured step: replayed with other operands they are what an eager run gives.</summary>
public sealed class CapturedOpTests
{
    /// <summary>Ops whose shapes or rules depend on values, which the host reads: an error inside of a captured step.</summary>
    private static readonly HashSet<string> HostReaders =
    [
        "masked_select", "slice_by_mask", "unique", "det", "matrix_exp", "eigh", "eigenvalues_symmetric", "svd", "singular_values", "cond",
        "nuclear_norm", "spectral_norm",
    ];

    /// <summary>What an op has the host do is said where the ops are listed: of those whose replays need it, and of those that only wait for it.</summary>
    [Fact]
    public void An_op_that_needs_the_host_says_so()
    {
        string[] lines = File.ReadAllLines(Repository.At("docs", "ops.md"));

        // One is a line of the others, the other a kind of index.
        string[] own = ["unique", "slice_by_mask"];
        Assert.Single(lines, line => line.StartsWith("| `x.Unique()` |", StringComparison.Ordinal) && line.Contains("the host", StringComparison.Ordinal));
        string[] waiting = ["inverse", "solve", "cholesky", "pinv", "least_squares", "matrix_rank", "matrix_power"];
        foreach (string name in HostReaders.Except(own).Concat(waiting))
        {
            string line = Assert.Single(lines, line => line.StartsWith($"| {name} | `", StringComparison.Ordinal));
            Assert.Matches(@"\b[Tt]he host (reads|waits|works)\b|read by the host|for the host to read|what the host reads", line);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(OpTableTests.AllShared), MemberType = typeof(OpTableTests))]
    public void A_replay_is_an_eager_run(string name, string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var row = OpTable.Rows.Single(row => row.Name == name);
        var shapes = row.Shapes[^1];
        var step = Step.Capture((Tensor[] x) => Everything(row, x));
        try
        {
            for (ulong seed = 20; seed < 24; seed++)
            {
                step.Run(OpSamples.Operands(row, shapes, DType.Float32, device, seed));
            }
        }
        catch (InvalidOperationException e) when (e.Message.StartsWith("Step.Capture: the host reads a tensor", StringComparison.Ordinal))
        {
            Assert.Contains(name, HostReaders);
            return;
        }

        Assert.DoesNotContain(name, HostReaders);
        var x = OpSamples.Operands(row, shapes, DType.Float32, device, 24);
        var replayed = step.Run(x);
        Assert.NotNull(step.LatestPlan);
        foreach (var (k, eager) in Everything(row, x).Index())
        {
            Close.Assert(eager, replayed[k], deviceName == "cpu" ? 0 : row.Tolerance32, $"{name} on {deviceName}, result {k}");
        }
    }

    /// <summary>The value, and where there are derivatives the gradient and the tangent along each operand.</summary>
    private static Tensor[] Everything(OpRow row, Tensor[] x)
    {
        var y = row.Apply(x);
        List<Tensor> all = [y];
        for (int k = 0; k < x.Length && row.Order > 0 && y.DType.IsReal(); k++)
        {
            var along = OpSamples.Along(row.Apply, x, k);
            all.Add(Autodiff.Vjp(along, x[k]).Pullback(OpSamples.Like(y, 34)));
            all.Add(Autodiff.Jvp(along, x[k], OpSamples.Like(x[k], 35)).Tangent);
        }

        return [.. all];
    }
}
