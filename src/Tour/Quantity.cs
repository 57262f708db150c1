namespace Gpu.Autograd.Tour;

/// <summary>One result of a case.</summary>
/// <param name="Name">What it is, as mathematics writes it.</param>
/// <param name="Code">The line of C# that computed it: the source of what ran.</param>
/// <param name="Computed">What came out.</param>
/// <param name="Expected">What is true.</param>
/// <param name="Tolerance">The largest error that rounding may leave.</param>
/// <param name="Error">
/// The largest |computed − expected| as a share of max(1, max |expected|): of all sizes that the case was run in, where there are several.
/// </param>
public sealed record Quantity(string Name, string Code, Value Computed, Value Expected, double Tolerance, double Error)
{
    /// <summary>Whether computed and expected are the same but for rounding.</summary>
    public bool Holds => Error <= Tolerance;
}
