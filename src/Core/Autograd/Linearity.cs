using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// Whether a function that is to be transposed is linear, told from its record: from the ops that lie between argument and result, not from
/// numbers. Only a constant that the record cannot tell is looked at, on the device. What is recorded as a whole (within Checkpoint or another
/// custom rule) counts as linear but for a constant.
/// </summary>
/// <param name="otherwise">What is wrong where it is not: the beginning of the message.</param>
internal sealed class Linearity(string otherwise)
{
    /// <summary>The message for something that a linear function does not do.</summary>
    public InvalidOperationException Error(string how) => new($"{otherwise}: {how}.");

    /// <summary>
    /// Checks a function run at 0, and drops from its record what only leads to arguments that no gradient is asked of.
    /// </summary>
    /// <param name="roots">The records of the results.</param>
    /// <param name="values">The results.</param>
    /// <param name="idle">The records of those arguments; others are added.</param>
    public void Require(IEnumerable<Node?> roots, IEnumerable<Tensor> values, HashSet<Node> idle)
    {
        Node? affine = null;
        foreach (var node in InOrder(roots))
        {
            var parents = node.Parents;
            bool[] moving = new bool[parents.Length];
            for (int k = 0; k < parents.Length; k++)
            {
                moving[k] = parents[k] is not null;
            }

            switch (node.Op!.In(moving))
            {
                case Dependence.Nonlinear:
                    throw Error($"{Of(node)} is not linear");
                case Dependence.Affine or Dependence.Fixed:
                    affine ??= node;
                    break;
            }

            foreach (ref var parent in parents)
            {
                parent = parent is not null && idle.Contains(parent) ? null : parent;
            }

            if (!parents.ContainsAnyExcept((Node?)null))
            {
                idle.Add(node);
            }
        }

        if (affine is not null && values.Any(IsSomewhereNonzero))
        {
            throw Error($"at 0 it is not 0, by {Of(affine)}");
        }
    }

    private static string Of(Node node) => $"{node.Op!.Name} (to {node.DType.Name()} {node.Shape})";

    /// <summary>All that results were made by, each after its operands.</summary>
    private static IEnumerable<Node> InOrder(IEnumerable<Node?> roots)
    {
        var seen = new HashSet<Node>();
        var open = new Stack<Node?>(roots);
        while (open.TryPop(out var node))
        {
            if (node is { IsLeaf: false } && seen.Add(node))
            {
                foreach (var parent in node.Parents)
                {
                    open.Push(parent);
                }
            }
        }

        return seen.OrderBy(node => node.Id);
    }

    /// <summary>One number comes to the host. A NaN is no evidence: it is 0·∞ where the rule has a pole.</summary>
    private static bool IsSomewhereNonzero(Tensor y) =>
        y.DType.IsReal() && Scope.Run(null, () => Tensor.NoGrad(() => y.Innermost.Abs().Sum().Item())) > 0;
}
