using Gpu.Autograd.Checking;
using Xunit.Sdk;

namespace Gpu.Autograd.Tests;

/// <summary>Closeness as the project means it: |a − b| ≤ tolerance · max(1, max |b|), element by element; NaN equals NaN.</summary>
public static class Close
{
    /// <summary>Fails where the elements or the shapes differ by more.</summary>
    public static void Assert(Tensor expected, Tensor actual, double tolerance, string what)
    {
        if (expected.Shape != actual.Shape)
        {
            throw new XunitException($"{what}: the shape is {actual.Shape}, not {expected.Shape}.");
        }

        Assert(Values(expected), Values(actual), tolerance, what);
    }

    /// <summary>Fails where the numbers differ by more.</summary>
    public static void Assert(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        var comparison = Comparison.Of(what, expected, actual, tolerance);
        if (!comparison.Holds)
        {
            throw new XunitException(comparison.ToString());
        }
    }

    /// <summary>The elements as doubles.</summary>
    public static double[] Values(Tensor x) => x.Detach().To(DType.Float64).ToArray<double>();
}
