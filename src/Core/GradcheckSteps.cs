using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Notes the ops and the functions with rules of their own that a function runs, with the line that ran each.</summary>
/// <param name="ops">Whether ops are noted too, not only rules.</param>
internal sealed class GradcheckSteps(bool ops) : Scope(Current)
{
    private readonly Anomaly lines = new();
    private readonly List<Step> steps = [];

    /// <summary>What f(x) runs, in order.</summary>
    public static IReadOnlyList<Step> Of(Func<Tensor[], Tensor[]> f, Tensor[] x, bool ops)
    {
        var noting = new GradcheckSteps(ops);
        Run(noting, () => f(x));
        return noting.steps;
    }

    public override Tensor Apply(Primitive op, ReadOnlySpan<Tensor> x)
    {
        if (ops && op.IsDifferentiable)
        {
            Add(op.Name, z => [Engine.Apply(op, z)], x, false);
        }

        return base.Apply(op, x);
    }

    public override void Note(Custom function, Tensor[] x)
    {
        Add(function.Name, function.Apply, x, function.Jvp is not null);
        base.Note(function, x);
    }

    /// <summary>Operands inside of the function's own transforms are taken as values; those of a batch are not looked at.</summary>
    private void Add(string name, Func<Tensor[], Tensor[]> f, ReadOnlySpan<Tensor> x, bool hasForwardRule)
    {
        var values = new Tensor[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            var t = Resolve(x[k], detached: true);
            if (t.IsBatched)
            {
                return;
            }

            values[k] = t.Innermost is { IsWeak: false } value ? value.View(value.Layout) : t.Innermost;
        }

        int[] moving = [.. Enumerable.Range(0, values.Length).Where(k => values[k].DType == DType.Float64 && !values[k].IsWeak)];
        if (moving.Length > 0)
        {
            steps.Add(new(name, lines.Here(), [.. moving.Select(k => values[k])], Moved, hasForwardRule));
        }

        Tensor[] Moved(Tensor[] given)
        {
            Tensor[] z = [.. values];
            for (int k = 0; k < moving.Length; k++)
            {
                z[moving[k]] = given[k];
            }

            return [.. f(z).Where(t => t.DType.IsReal())];
        }
    }

    /// <summary>One op at the values that it had.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Line">The line that ran it.</param>
    /// <param name="X">Its operands that can be differentiated.</param>
    /// <param name="F">The op as a function of these.</param>
    /// <param name="HasForwardRule">Whether its tangent is a rule of the user's own.</param>
    internal sealed record Step(string Name, string Line, Tensor[] X, Func<Tensor[], Tensor[]> F, bool HasForwardRule);
}
