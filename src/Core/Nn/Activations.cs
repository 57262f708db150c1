namespace Gpu.Autograd.Nn;

/// <summary>The activations by the names that a command line uses.</summary>
public static class Activation
{
    private static readonly OrderedDictionary<string, Func<Module>> ByName = new()
    {
        ["relu"] = () => new Relu(),
        ["leaky-relu"] = () => new LeakyRelu(),
        ["tanh"] = () => new Tanh(),
        ["sigmoid"] = () => new Sigmoid(),
        ["silu"] = () => new Silu(),
        ["softplus"] = () => new Softplus(),
    };

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>A new module of the activation with that name, in upper or lower case.</summary>
    /// <exception cref="FormatException">There is no such activation; the message lists those there are.</exception>
    public static Module Parse(string name) =>
        ByName.TryGetValue(name.Trim().ToLowerInvariant(), out var create)
            ? create()
            : throw new FormatException($"'{name}' is no activation: the names are {string.Join(", ", Names)}.");
}

/// <summary>max(0, x), element by element.</summary>
public sealed class Relu : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Relu();

    /// <inheritdoc/>
    public override string ToString() => "Relu()";
}

/// <summary>x above 0, slope·x below, element by element.</summary>
public sealed class LeakyRelu(double slope = 0.01) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.LeakyRelu(slope);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"LeakyRelu({slope})");
}

/// <summary>The hyperbolic tangent, element by element.</summary>
public sealed class Tanh : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Tanh();

    /// <inheritdoc/>
    public override string ToString() => "Tanh()";
}

/// <summary>1/(1 + e⁻ˣ), element by element.</summary>
public sealed class Sigmoid : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Sigmoid();

    /// <inheritdoc/>
    public override string ToString() => "Sigmoid()";
}

/// <summary>x/(1 + e⁻ˣ), element by element.</summary>
public sealed class Silu : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Silu();

    /// <inheritdoc/>
    public override string ToString() => "Silu()";
}

/// <summary>log(1 + eˣ), element by element.</summary>
public sealed class Softplus : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Softplus();

    /// <inheritdoc/>
    public override string ToString() => "Softplus()";
}
