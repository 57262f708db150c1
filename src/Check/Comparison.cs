using System.Globalization;

namespace Gpu.Autograd.Checking;

/// <summary>One result of a device beside what is expected of it.</summary>
/// <param name="What">Which result it is.</param>
/// <param name="Error">See <see cref="Distance"/>.</param>
/// <param name="Tolerance">The largest error that rounding may leave.</param>
public sealed record Comparison(string What, double Error, double Tolerance)
{
    /// <summary>Whether it is as expected but for rounding.</summary>
    public bool Holds => Error <= Tolerance;

    /// <summary>The error as a share of what is allowed: above 1 it does not hold.</summary>
    public double Share => Error == 0 ? 0 : Error / Tolerance;

    /// <summary>Where it is off by most, and by how much; null where it holds.</summary>
    public string? Detail { get; init; }

    /// <summary>Compares two tensors, wherever they are.</summary>
    public static Comparison Of(string what, Tensor expected, Tensor actual, double tolerance) => expected.Shape == actual.Shape
        ? Of(what, Numbers(expected), Numbers(actual), tolerance)
        : new(what, double.PositiveInfinity, tolerance) { Detail = $"the shape is {actual.Shape}, not {expected.Shape}" };

    /// <summary>Compares numbers of one count.</summary>
    public static Comparison Of(string what, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance)
    {
        var (error, worst) = Distance.Of(expected, actual);
        return new(what, error, tolerance)
        {
            Detail = error <= tolerance
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"element {worst} is {actual[worst]:R}, not {expected[worst]:R}"),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{What}: error {Error:0.0e+0}, allowed {Tolerance:0.0e+0;;0}{(Detail is null ? "" : $": {Detail}")}");

    private static double[] Numbers(Tensor x) => x.Detach().To(Device.Cpu).To(DType.Float64).ToArray<double>();
}
