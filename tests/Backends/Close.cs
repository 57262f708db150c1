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
        double scale = 1;
        foreach (double value in expected)
        {
            scale = double.IsFinite(value) ? Math.Max(scale, Math.Abs(value)) : scale;
        }

        for (int i = 0; i < expected.Length; i++)
        {
            bool same = expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance * scale;
            if (!same)
            {
                throw new XunitException(
                    $"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R} (off by {Math.Abs(expected[i] - actual[i]):E2}, " +
                    $"allowed {tolerance * scale:E2}).");
            }
        }
    }

    /// <summary>The elements as doubles.</summary>
    public static double[] Values(Tensor x) => x.Detach().To(DType.Float64).ToArray<double>();
}
