namespace Gpu.Autograd.Tour;

/// <summary>A part of the tour.</summary>
/// <param name="Name">How it is asked for: one word in lower case.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Summary">What it is about, in a sentence.</param>
public sealed record Chapter(string Name, string Title, string Summary)
{
    /// <summary>The slopes of a scalar function.</summary>
    public static Chapter Gradient { get; } = new(
        "gradient", "Gradient", "All slopes of a scalar function, in the shape of its argument: the direction of steepest ascent.");

    /// <summary>The slopes of a function with several results.</summary>
    public static Chapter Jacobian { get; } = new(
        "jacobian", "Jacobian", "A row for each result, a column for each argument: numerator layout.");

    /// <summary>How a map scales areas.</summary>
    public static Chapter Determinant { get; } = new(
        "determinant", "Determinant and area", "The absolute value of the Jacobian's determinant is the scaling of areas and volumes.");

    /// <summary>Functions of functions.</summary>
    public static Chapter ChainRule { get; } = new(
        "chain-rule", "Chain rule", "The Jacobian of a composition is the product of the Jacobians.");

    /// <summary>Derivatives of and along matrices.</summary>
    public static Chapter Matrices { get; } = new(
        "matrices", "Matrices and tensors", "The shape of a derivative is the result's shape followed by the argument's.");

    /// <summary>Layers.</summary>
    public static Chapter Backpropagation { get; } = new(
        "backpropagation", "Backpropagation", "The chain rule from the loss back to each layer's weights.");

    /// <summary>The two modes.</summary>
    public static Chapter Automatic { get; } = new(
        "automatic", "Automatic differentiation", "Forward with the function, or backward from its result; the derivative is the same.");

    /// <summary>Second derivatives.</summary>
    public static Chapter Hessian { get; } = new("hessian", "Hessian", "The Jacobian of the gradient.");

    /// <summary>What holds of every matrix.</summary>
    public static Chapter Propositions { get; } = new(
        "propositions", "Propositions", "Identities at random points, of sizes 1 to 8; shown is size 2, with the largest error of all.");

    /// <summary>All, in the order of the tour.</summary>
    public static IReadOnlyList<Chapter> All { get; } =
        [Gradient, Jacobian, Determinant, ChainRule, Matrices, Backpropagation, Automatic, Hessian, Propositions];
}
