using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>How a map scales volumes, and what it makes of a density.</content>
public static partial class Autodiff
{
    /// <summary>
    /// log |det ∂f/∂x| at every point: the logarithm of the factor by which f scales areas and volumes there; −∞ where f flattens them.
    /// All points and rows of the Jacobians in one batched pass; differentiable, also along what f captures.
    /// </summary>
    /// <param name="f">A map of one point, [n] → [n].</param>
    /// <param name="x">A point, [n], or any batch of them, [..., n].</param>
    /// <returns>A number for each point: [] or [...].</returns>
    /// <exception cref="ArgumentException">x is a scalar, or f gives another number of elements than it takes.</exception>
    public static Tensor LogAbsDetJacobian(Func<Tensor, Tensor> f, Tensor x) => Scaling("LogAbsDetJacobian", f, x).LogAbsDet;

    /// <summary>
    /// f(x) and log |det ∂f/∂x| at every point, from one run of f: what a layer of a normalizing flow hands on. See
    /// <see cref="LogAbsDetJacobian"/>.
    /// </summary>
    /// <param name="f">A map of one point, [n] → [n].</param>
    /// <param name="x">A point, [n], or any batch of them, [..., n].</param>
    /// <returns>The values, [..., n], and a number for each point, [...].</returns>
    /// <exception cref="ArgumentException">x is a scalar, or f gives another number of elements than it takes.</exception>
    public static (Tensor Value, Tensor LogAbsDet) ValueAndLogAbsDetJacobian(Func<Tensor, Tensor> f, Tensor x) =>
        Scaling("ValueAndLogAbsDetJacobian", f, x);

    /// <summary>
    /// The logarithm of the density of x where z = f(x) has the density that is given, by the change of variables:
    /// log pₓ(x) = log p_z(f(x)) + log |det ∂f/∂x|. f must be one-to-one. Differentiable, also along what f and the density capture: less
    /// its mean is the loss that trains a flow.
    /// </summary>
    /// <param name="f">A map of one point, [n] → [n], from x to z.</param>
    /// <param name="logDensity">log p_z of one point: [n] → a scalar.</param>
    /// <param name="x">A point, [n], or any batch of them, [..., n].</param>
    /// <returns>A number for each point: [] or [...].</returns>
    /// <exception cref="ArgumentException">x is a scalar, or f gives another number of elements than it takes.</exception>
    /// <exception cref="InvalidOperationException">The density's result is not a scalar.</exception>
    public static Tensor LogDensity(Func<Tensor, Tensor> f, Func<Tensor, Tensor> logDensity, Tensor x)
    {
        const string Name = "LogDensity";
        return EachPoint(Name, x, point =>
        {
            var (z, scaling) = ScalingAt(Name, f, point);
            var p = logDensity(z);
            return p.Count == 1
                ? p.Reshape() + scaling
                : throw new InvalidOperationException(
                    $"{Name}: the density of one point, {z.Shape}, has shape {p.Shape}; it must be a scalar.");
        });
    }

    private static (Tensor Value, Tensor LogAbsDet) Scaling(string transform, Func<Tensor, Tensor> f, Tensor x) =>
        EachPoint(transform, x, point => ScalingAt(transform, f, point));

    private static (Tensor Value, Tensor LogAbsDet) ScalingAt(string transform, Func<Tensor, Tensor> f, Tensor point)
    {
        var (y, pullback) = Reverse.Vjp(transform, f, point);
        return y.Count == point.Count
            ? (y, Rows(y, point, pullback, chunk: null)[0].Reshape(y.Count, point.Count).LogAbsDet())
            : throw new ArgumentException(
                $"{transform}: f takes a point of shape {point.Shape} to {y.Shape}; only a square Jacobian has a determinant " +
                $"({point.Count} ≠ {y.Count}).");
    }

    /// <summary>A function of one point at each of a batch of any shape, [..., n], at once.</summary>
    private static T EachPoint<T>(string transform, Tensor x, Func<Tensor, T> f)
    {
        if (x.Rank < 2)
        {
            return x.Rank == 1
                ? f(x)
                : throw new ArgumentException($"{transform}: x is a scalar; a point is a vector: [n], or [..., n] for a batch of them.");
        }

        int[] batch = x.Shape.ToArray()[..^1];
        var flat = Vmap(f)(x.Reshape([batch.Aggregate(1, (a, b) => a * b), x.Shape[-1]]));
        return Tree.Map(flat, y => y.Reshape([.. batch, .. y.Shape.Lengths[1..]]));
    }
}
