namespace Gpu.Autograd.Tour;

/// <summary>Every case, chapter by chapter.</summary>
public static partial class Cases
{
    /// <summary>All, in the order of the tour.</summary>
    public static IReadOnlyList<Case> All { get; } =
    [
        .. Gradients, .. Jacobians, .. Determinants, .. ChainRules, .. Matrices, .. Identities, .. Layers, .. Modes, .. Hessians,
        .. Propositions,
    ];

    /// <summary>The case of an id.</summary>
    public static Case Find(string id) => All.Single(found => found.Id == id);

    /// <summary>A vector that is expected.</summary>
    private static Tensor V(params ReadOnlySpan<double> values) => Tensor.From(values);

    /// <summary>A matrix that is expected.</summary>
    private static Tensor M(double[,] values) => Tensor.From(values);

    /// <summary>A number that is expected.</summary>
    private static Tensor S(double value) => Tensor.Scalar(value, DType.Float64);

    private static Tensor Exact(Tensor x) => Sheet.Exact(x);

    /// <summary>The identity matrix that is expected.</summary>
    private static Tensor I(int n) => Tensor.Eye(n, DType.Float64);
}
